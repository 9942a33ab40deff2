import { KeyRound } from 'lucide-react'
import { useEffect } from 'react'
import { Card } from '@/ui/card'
import { Logo } from '@/ui/logo'

/** How to get in here; `problem` says why a launch address did not work. */
export function SignInPage({ problem }: { problem?: string }) {
  useEffect(() => {
    document.title = 'Sign in – OPM'
  }, [])
  return (
    <main className="flex min-h-full items-center justify-center p-4">
      <Card className="flex w-full max-w-md flex-col gap-4 p-6">
        <div className="flex items-center gap-2.5">
          <Logo className="size-7" />
          <h1 className="text-lg font-semibold">Sign in</h1>
        </div>
        {problem && (
          <p role="alert" className="rounded-md bg-bad/10 px-3 py-2 text-sm text-bad">
            {problem}
          </p>
        )}
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
      </Card>
    </main>
  )
}
