import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { onSignedOut } from '@/api/auth'
import { ApiError, describe } from '@/api/errors'
import { meOptions } from '@/api/options'
import { SignInPage } from '@/features/auth/SignInPage'
import { RealtimeProvider } from '@/realtime/RealtimeProvider'
import { ErrorState, Loading } from '@/ui/states'
import { Shell } from './Shell'

/** Everything below is for people who are signed in; others learn here how to become so. */
export function SignedIn() {
  const client = useQueryClient()
  const me = useQuery(meOptions())
  const [ended, setEnded] = useState(false)
  useEffect(
    () =>
      onSignedOut(() => {
        setEnded(true)
        client.clear()
      }),
    [client],
  )

  if (ended) return <SignInPage />
  if (me.isPending) return <Loading label="Opening OpenCode Project Manager" className="pt-32" />
  if (me.isError) {
    const error: unknown = me.error
    if (error instanceof ApiError && error.status === 401) return <SignInPage />
    return (
      <ErrorState
        title="The server does not answer"
        className="pt-32"
        {...describe(error)}
        onRetry={() => void me.refetch()}
      />
    )
  }
  return (
    <RealtimeProvider>
      <Shell user={me.data.user} />
    </RealtimeProvider>
  )
}
