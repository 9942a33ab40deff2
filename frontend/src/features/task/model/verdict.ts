/** How the end of a run, and a run itself, is said to people. */
import type { Session } from '@/api/types'
import type { BadgeTone } from '@/ui/badge'

export interface Said {
  label: string
  tone: BadgeTone
}

const VERDICTS: Record<string, Said> = {
  success: { label: 'Succeeded', tone: 'ok' },
  incomplete: { label: 'Stopped early', tone: 'warn' },
  blocked: { label: 'Blocked', tone: 'warn' },
  failed: { label: 'Failed', tone: 'bad' },
  cancelled: { label: 'Cancelled', tone: 'neutral' },
  interrupted: { label: 'Interrupted', tone: 'bad' },
  timeout: { label: 'Timed out', tone: 'bad' },
}

const STATUSES: Record<string, Said> = {
  queued: { label: 'Queued', tone: 'neutral' },
  starting: { label: 'Starting', tone: 'info' },
  running: { label: 'Running', tone: 'info' },
  completed: { label: 'Completed', tone: 'ok' },
  failed: { label: 'Failed', tone: 'bad' },
  cancelled: { label: 'Cancelled', tone: 'neutral' },
}

const UNKNOWN: Said = { label: 'Unknown', tone: 'neutral' }

export function sayVerdict(verdict: string): Said {
  return VERDICTS[verdict] ?? { ...UNKNOWN, label: verdict }
}

export function sayRun(run: {
  status: string
  verdict: string | null
  queue_position?: number | null
}): Said {
  if (run.verdict) return sayVerdict(run.verdict)
  const said = STATUSES[run.status] ?? UNKNOWN
  return run.status === 'queued' && run.queue_position
    ? { ...said, label: `Queued #${run.queue_position}` }
    : said
}

export function isActive(status: string): boolean {
  return status === 'queued' || status === 'starting' || status === 'running'
}

export function runDuration(
  run: Pick<Session, 'execution_start_at' | 'execution_end_at'>,
  now: number,
): number | null {
  if (!run.execution_start_at) return null
  return (run.execution_end_at ? Date.parse(run.execution_end_at) : now) - Date.parse(run.execution_start_at)
}

export function totalTokens(tokens: Partial<Record<string, number>>): number {
  return Object.values(tokens).reduce<number>((sum, count) => sum + (count ?? 0), 0)
}
