import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { useNavigate } from 'react-router'
import { announceSignedIn } from '@/api/auth'
import { describe } from '@/api/errors'
import { launchMutation } from '@/api/options'
import { Loading } from '@/ui/states'
import { SignInPage } from './SignInPage'

/** Takes the one-time token out of the address, at once and for good, and exchanges it for a sign-in. */
export function LaunchPage() {
  const navigate = useNavigate()
  const client = useQueryClient()
  const { mutate, isIdle, isPending, error } = useMutation(launchMutation())

  useEffect(() => {
    const take = () => {
      const token = window.location.hash.slice(1)
      if (!token) return
      window.history.replaceState(window.history.state, '', '/launch')
      mutate(
        { body: { token } },
        {
          onSuccess: (signedIn) => {
            announceSignedIn(signedIn)
            client.clear()
            void navigate('/', { replace: true })
          },
        },
      )
    }
    take()
    // another address that is opened here, after one that was used already, does not load the page anew
    window.addEventListener('hashchange', take)
    return () => window.removeEventListener('hashchange', take)
  }, [mutate, client, navigate])

  if (error) return <SignInPage problem={describe(error).message} />
  if (isPending) return <Loading label="Signing you in" className="pt-32" />
  return isIdle ? <SignInPage /> : null
}
