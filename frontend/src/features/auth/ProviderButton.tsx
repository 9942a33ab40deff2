import { useMutation } from '@tanstack/react-query'
import { LogIn } from 'lucide-react'
import { useEffect } from 'react'
import { describe } from '@/api/errors'
import { oidcLogin } from '@/api/sdk'
import { useExit } from '@/lib/exit'
import { Button } from '@/ui/button'
import { ownPath, rememberNext } from './next'

/** Leads to the identity provider, which leads back to `next`. */
export function ProviderButton({ provider, next }: { provider: string; next: string }) {
  const exit = useExit()
  const leave = useMutation({
    mutationFn: async () => {
      const path = ownPath(next)
      const { authorization_url } = await oidcLogin({ body: { next: path } })
      rememberNext(path)
      exit.go(authorization_url)
    },
  })
  const { reset } = leave
  useEffect(() => {
    // Somebody who goes back from the provider finds this page as it was left, and may press again.
    const onReturn = (event: PageTransitionEvent) => event.persisted && reset()
    window.addEventListener('pageshow', onReturn)
    return () => window.removeEventListener('pageshow', onReturn)
  }, [reset])
  return (
    <>
      <p className="text-sm text-muted">
        You sign in at the identity provider of this server, and come back to where you were.
      </p>
      {leave.error && (
        <p role="alert" className="rounded-md bg-bad/10 px-3 py-2 text-sm break-words text-bad">
          {describe(leave.error).message}
        </p>
      )}
      <Button
        variant="primary"
        size="lg"
        className="h-auto min-h-10 py-2 whitespace-normal"
        busy={leave.isPending || leave.isSuccess}
        onClick={() => leave.mutate()}
      >
        {!leave.isPending && <LogIn aria-hidden />} Sign in with {provider}
      </Button>
    </>
  )
}
