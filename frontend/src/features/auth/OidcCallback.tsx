import { useMutation, useQueryClient } from '@tanstack/react-query'
import { RotateCw } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { Link, useNavigate } from 'react-router'
import { announceSignedIn } from '@/api/auth'
import { describe } from '@/api/errors'
import { oidcCallbackMutation } from '@/api/options'
import { Button } from '@/ui/button'
import { Loading } from '@/ui/states'
import { type Answer, readAnswer } from './answer'
import { Frame } from './Frame'
import { forgetNext, ownPath, recallNext } from './next'

/** Takes the provider's answer out of the address, at once and for good, and exchanges it, once, for a sign-in. */
export function OidcCallback() {
  const navigate = useNavigate()
  const client = useQueryClient()
  const { mutate, error } = useMutation({ ...oidcCallbackMutation(), gcTime: 0 })
  const [refusal, setRefusal] = useState<string | null>(null)
  const answer = useRef<Answer>(undefined)

  useEffect(() => {
    if (answer.current) return
    answer.current = readAnswer(window.location.search)
    window.history.replaceState(window.history.state, '', window.location.pathname)
    const { code, state, iss, refusal: refused } = answer.current
    if (refused) setRefusal(refused)
    else if (!code || !state) void navigate('/', { replace: true })
    else {
      mutate(
        { body: { code, state, iss } },
        {
          onSuccess: (signedIn) => {
            forgetNext()
            announceSignedIn(signedIn)
            client.clear()
            void navigate(ownPath(signedIn.next), { replace: true })
          },
        },
      )
    }
  }, [mutate, client, navigate])

  const problem = refusal ?? (error && describe(error).message)
  if (!problem) return <Loading label="Signing you in" className="pt-32" />
  return (
    <Frame title="Signing in did not work" problem={problem}>
      <p className="text-sm text-muted">
        Nothing was changed. If it happens again, tell the people who run this server.
      </p>
      <Button asChild variant="primary" className="self-start">
        <Link to={`/login?next=${encodeURIComponent(recallNext())}`} replace>
          <RotateCw aria-hidden /> Try again
        </Link>
      </Button>
    </Frame>
  )
}
