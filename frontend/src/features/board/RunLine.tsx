import { CircleAlert, CircleHelp, Clock, Eye, Hourglass, KeyRound, RotateCw } from 'lucide-react'
import type { Task } from '@/api/types'
import { formatAgo, formatCost, formatDuration } from '@/lib/format'
import { useNow } from '@/lib/useNow'
import { sayWait } from '@/lib/waiting'
import { useActivity } from '@/realtime/activity'
import { Badge } from '@/ui/badge'
import { Spinner } from '@/ui/spinner'
import { runStateOf } from './model'

const ATTENTION = {
  permission: { tone: 'warn', label: 'Needs permission', icon: KeyRound },
  question: { tone: 'info', label: 'Asks a question', icon: CircleHelp },
  failed: { tone: 'bad', label: 'Failed', icon: CircleAlert },
  review: { tone: 'accent', label: 'Waits for review', icon: Eye },
} as const

/** What a human has to do here. */
export function AttentionBadge({ kind }: { kind: Task['attention'] }) {
  if (!kind) return null
  const { tone, label, icon: Icon } = ATTENTION[kind]
  return (
    <Badge tone={tone}>
      <Icon aria-hidden /> {label}
    </Badge>
  )
}

function Running({ task, since }: { task: Task; since: string | null }) {
  const now = useNow()
  const last = useActivity(task.id)
  const waits = task.attention === 'permission' || task.attention === 'question'
  const from = (waits && task.asked_at) || since
  const Icon = waits ? Hourglass : null
  return (
    <span className="flex min-w-0 flex-col gap-0.5 text-xs text-muted">
      <span className="flex items-center gap-1.5 overflow-hidden whitespace-nowrap">
        {Icon ? <Icon aria-hidden className="size-3.5" /> : <Spinner className="size-3.5 text-accent-ink" />}
        <span className="text-ink tabular-nums">
          {waits ? 'Waiting' : 'Running'} {from && formatDuration(now - Date.parse(from))}
        </span>
        {last && !waits && <span className="truncate text-faint">· active {formatAgo(last.at, now)}</span>}
      </span>
      {last?.line && <span className="line-clamp-2 text-2xs break-words text-faint">{last.line}</span>}
    </span>
  )
}

function sayQueued(run: Task['run'], position: number | null): string {
  const wait = sayWait(run?.waits_for) ?? run?.reason
  if (!position) return wait ?? 'Queued'
  return wait ? `${wait} (#${position})` : `Queued #${position}`
}

/** What the card's newest run is doing, or what it came to. */
export function RunLine({ task }: { task: Task }) {
  const state = runStateOf(task)
  switch (state.kind) {
    case 'none':
      return null
    case 'queued':
      return (
        <span className="flex items-center gap-1.5 text-xs text-muted">
          <Clock aria-hidden className="size-3.5 shrink-0" /> {sayQueued(task.run, state.position)}
        </span>
      )
    case 'starting':
      return (
        <span className="flex items-center gap-1.5 text-xs text-muted">
          <Spinner className="size-3.5" /> Starting the workspace…
        </span>
      )
    case 'running':
      return <Running task={task} since={state.since} />
    case 'retrying':
      return (
        <span className="flex min-w-0 items-center gap-1.5 text-xs text-warn">
          <RotateCw aria-hidden className="size-3.5 shrink-0" />
          <span className="truncate" title={state.message}>
            Retrying: {state.message}
          </span>
        </span>
      )
    case 'ended':
      return (
        <span className="flex gap-2 text-xs text-faint tabular-nums">
          {state.durationMs !== null && <span>{formatDuration(state.durationMs)}</span>}
          {state.cost > 0 && <span>{formatCost(state.cost)}</span>}
        </span>
      )
  }
}
