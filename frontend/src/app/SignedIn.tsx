import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { useLocation } from 'react-router'
import { onSignIn } from '@/api/auth'
import { ApiError, describe } from '@/api/errors'
import { meOptions } from '@/api/options'
import { SignInPage } from '@/features/auth/SignInPage'
import { RealtimeProvider } from '@/realtime/RealtimeProvider'
import { ErrorState, Loading } from '@/ui/states'
import { UnsavedProvider } from '@/ui/unsaved'
import { Shell } from './Shell'

/** Everything below is for people who are signed in; others learn here how to become so, and come back here then. */
export function SignedIn() {
  const client = useQueryClient()
  const { pathname, search } = useLocation()
  const [ended, setEnded] = useState(false)
  const [visit, setVisit] = useState(0)
  const over = useRef(false)
  useEffect(
    () =>
      onSignIn({
        ended: () => {
          // Every request in flight may tell it again; what the page to sign in asks for must not be thrown away.
          if (over.current) return
          over.current = true
          setEnded(true)
          client.clear()
        },
        // Perhaps somebody else: nothing that was read before may stay on the screen.
        begun: () => {
          over.current = false
          client.clear()
          setEnded(false)
          setVisit((count) => count + 1)
        },
      }),
    [client],
  )
  const signIn = <SignInPage next={pathname + search} />
  return ended ? signIn : <Visit key={visit} signIn={signIn} />
}

function Visit({ signIn }: { signIn: ReactNode }) {
  const me = useQuery(meOptions())
  if (me.data) {
    return (
      <RealtimeProvider>
        <UnsavedProvider>
          <Shell me={me.data} />
        </UnsavedProvider>
      </RealtimeProvider>
    )
  }
  if (me.isPending) return <Loading label="Opening OpenCode Project Manager" className="pt-32" />
  const error: unknown = me.error
  if (error instanceof ApiError && error.status === 401) return signIn
  return (
    <ErrorState
      title="The server does not answer"
      className="pt-32"
      {...describe(error)}
      onRetry={() => void me.refetch()}
    />
  )
}
