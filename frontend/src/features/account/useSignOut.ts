import { useMutation } from '@tanstack/react-query'
import { announceSignedOut } from '@/api/auth'
import { describe } from '@/api/errors'
import { logout, logoutEverywhere } from '@/api/sdk'
import { useExit } from '@/lib/exit'
import { toast } from '@/ui/toast'

const onError = (error: unknown) =>
  toast.error('Signing out failed', { description: describe(error).message })

/** Ends the sign-in of this browser, and the session at the identity provider, where the browser is sent for that. */
export function useSignOut() {
  const exit = useExit()
  return useMutation({
    mutationFn: () => logout(),
    onSuccess: ({ url, fields }) => {
      announceSignedOut()
      if (url) exit.post(url, fields ?? {})
    },
    onError,
    gcTime: 0, // the form holds a token of the provider
  })
}

export function useSignOutEverywhere() {
  return useMutation({ mutationFn: () => logoutEverywhere(), onSuccess: announceSignedOut, onError })
}
