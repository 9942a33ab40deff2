import type { ReactNode } from 'react'
import { type Exit, ExitContext } from '@/lib/exit'

/** Stands in for leaving the application, which a test would not survive. */
export class FakeExit implements Exit {
  readonly gone: string[] = []
  readonly posted: { url: string; fields: Record<string, string> }[] = []

  go = (url: string) => void this.gone.push(url)
  post = (url: string, fields: Record<string, string>) => void this.posted.push({ url, fields })

  around(ui: ReactNode) {
    return <ExitContext value={this}>{ui}</ExitContext>
  }
}
