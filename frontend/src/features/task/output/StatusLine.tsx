import type { OutputStatus } from '@/api/types'
import { formatDuration } from '@/lib/format'
import { useNow } from '@/lib/useNow'
import { sayWait } from '@/lib/waiting'
import { Spinner } from '@/ui/spinner'
import type { StreamState } from '../model/stream'

export interface StatusLineProps {
  status: OutputStatus | null
  connection: StreamState
  queuePosition: number | null | undefined
  waitsFor?: string | null | undefined
}

const PHASES: Record<OutputStatus['data'], string> = {
  queued: 'Waiting for its turn',
  starting: 'Starting the agent…',
  running: 'Working…',
  retrying: 'The provider did not answer; trying again',
  waiting: 'Waiting for your answer',
  settling: 'Finishing up…',
}

/** What the run is doing at this moment. */
export function StatusLine({ status, connection, queuePosition, waitsFor }: StatusLineProps) {
  const retryAt = status?.data === 'retrying' && status.next_at ? Date.parse(status.next_at) : null
  const now = useNow(retryAt !== null)
  let text = queuePosition ? PHASES.queued : status ? PHASES[status.data] : 'Starting the agent…'
  if (queuePosition) text = `${sayWait(waitsFor) ?? text} (#${queuePosition} in the queue of this project)`
  if (retryAt !== null && retryAt > now) text += ` in ${formatDuration(retryAt - now)}`
  if (connection === 'reconnecting') text = 'Reconnecting to the output; the run goes on by itself'
  return (
    <p role="status" className="flex items-center gap-2 border-t bg-surface px-4 py-1.5 text-sm text-muted">
      <Spinner className="size-3.5 text-info" /> {text}
    </p>
  )
}
