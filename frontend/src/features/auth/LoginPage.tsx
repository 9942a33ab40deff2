import { useSearchParams } from 'react-router'
import { ownPath } from './next'
import { SignInPage } from './SignInPage'

/** An address to sign in at, for links and bookmarks; `next` says where it leads. */
export function LoginPage() {
  const [search] = useSearchParams()
  return <SignInPage next={ownPath(search.get('next'))} />
}
