import { useQuery } from '@tanstack/react-query'
import { KeyRound, RotateCw } from 'lucide-react'
import { describe } from '@/api/errors'
import { getMethodsOptions } from '@/api/options'
import { Button } from '@/ui/button'
import { Loading } from '@/ui/states'
import { Frame } from './Frame'
import { ProviderButton } from './ProviderButton'

export interface SignInPageProps {
  /** Path of this application to lead to. */
  next?: string
  /** Why the last try did not work. */
  problem?: string
}

/** How to get in here. */
export function SignInPage({ next = '/', problem }: SignInPageProps) {
  const methods = useQuery(getMethodsOptions())
  const fault = methods.data || !methods.error ? null : describe(methods.error).message
  return (
    <Frame title="Sign in" problem={problem ?? fault}>
      {methods.data?.provider && <ProviderButton provider={methods.data.provider} next={next} />}
      {methods.data?.launch && <LaunchHelp />}
      {fault && (
        <Button className="self-start" busy={methods.isFetching} onClick={() => void methods.refetch()}>
          <RotateCw aria-hidden /> Try again
        </Button>
      )}
      {methods.isPending && <Loading label="Asking the server how to sign in" className="py-6" />}
    </Frame>
  )
}

function LaunchHelp() {
  return (
    <>
      <p className="text-sm text-muted">
        This server signs you in with a launch address that works once. Type this in the terminal on the
        machine where it runs, and open what it prints:
      </p>
      <code className="flex items-center gap-2 rounded-md border bg-sunken px-3 py-2 font-mono text-sm select-all">
        <KeyRound aria-hidden className="size-4 shrink-0 text-faint" />
        opm launch-url
      </code>
      <p className="text-sm text-muted">
        From a checkout the command is{' '}
        <code className="font-mono text-ink">backend/.venv/bin/opm launch-url</code>. The address that{' '}
        <code className="font-mono text-ink">make run</code> prints at its start works, too.
      </p>
    </>
  )
}
