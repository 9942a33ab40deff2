import { type ReactNode, useEffect } from 'react'
import { Card } from '@/ui/card'
import { Logo } from '@/ui/logo'

/** What every page looks like that somebody sees who is not signed in; `problem` says what went wrong. */
export function Frame({
  title,
  problem,
  children,
}: {
  title: string
  problem?: string | null
  children: ReactNode
}) {
  useEffect(() => {
    document.title = `${title} – OPM`
  }, [title])
  return (
    <main className="flex min-h-full items-center justify-center p-4">
      <Card className="flex w-full max-w-md flex-col gap-4 p-6">
        <div className="flex items-center gap-2.5">
          <Logo className="size-7" />
          <h1 className="text-lg font-semibold">{title}</h1>
        </div>
        {problem && (
          <p role="alert" className="rounded-md bg-bad/10 px-3 py-2 text-sm break-words text-bad">
            {problem}
          </p>
        )}
        {children}
      </Card>
    </main>
  )
}
