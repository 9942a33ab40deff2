import { CircleHelp, ShieldQuestion } from 'lucide-react'
import type { Interaction } from '@/api/types'
import { cn } from '@/lib/cn'
import { formatAgo } from '@/lib/format'
import { useNow } from '@/lib/useNow'
import { Badge, type BadgeTone } from '@/ui/badge'
import { answerInWords, readPermission, readQuestions } from '../model/asks'
import { PermissionForm } from './PermissionForm'
import { QuestionForm } from './QuestionForm'

const STATES: Record<Interaction['state'], { label: string; tone: BadgeTone }> = {
  pending: { label: 'Waits for you', tone: 'warn' },
  queued: { label: 'Queued', tone: 'neutral' },
  sent: { label: 'Sent', tone: 'info' },
  answered: { label: 'Answered', tone: 'ok' },
  expired: { label: 'Expired', tone: 'neutral' },
  withdrawn: { label: 'Taken back', tone: 'neutral' },
}

export interface AskCardProps {
  interaction: Interaction
  /** In the log and the conversation: says what was asked; answers are given at the top of the panel. */
  compact?: boolean
}

/** What the agent asks, with its answer or the way to give one. */
export function AskCard({ interaction, compact }: AskCardProps) {
  const permission = interaction.kind === 'permission'
  const state = STATES[interaction.state]
  const pending = interaction.state === 'pending'
  const Icon = permission ? ShieldQuestion : CircleHelp
  // Two forms for one ask would each hold half of what was typed.
  const answerable = pending && !compact
  const title = permission
    ? `The agent asks for permission: ${readPermission(interaction.request).permission}`
    : 'The agent has a question'
  return (
    <section
      aria-label={compact ? undefined : title}
      className={cn(
        'rounded-lg border bg-surface p-3',
        pending && 'border-warn/60',
        pending && !compact && 'shadow-card',
      )}
    >
      <div className="flex items-center gap-2">
        <Icon aria-hidden className={cn('size-4 shrink-0', pending ? 'text-warn' : 'text-faint')} />
        <h3 className="min-w-0 flex-1 text-sm font-semibold">{title}</h3>
        {pending && <Age since={interaction.created_at} />}
        <Badge tone={state.tone}>{state.label}</Badge>
      </div>
      <div className="mt-2">
        {permission ? (
          <PermissionForm interaction={interaction} answerable={answerable} />
        ) : (
          <Questions interaction={interaction} answerable={answerable} />
        )}
      </div>
      {pending && compact && <p className="mt-2 text-sm text-muted">Answer it at the top of this panel.</p>}
      {interaction.state === 'expired' && !interaction.answer && (
        <p className="mt-2 text-sm text-muted">The run went on or ended without an answer.</p>
      )}
      {interaction.answer && <p className="mt-2 text-sm text-muted">{answerInWords(interaction)}</p>}
    </section>
  )
}

function Age({ since }: { since: string }) {
  const now = useNow(true, 15_000)
  return <span className="shrink-0 text-xs text-muted">{formatAgo(since, now)}</span>
}

function Questions({ interaction, answerable }: { interaction: Interaction; answerable: boolean }) {
  if (answerable) return <QuestionForm interaction={interaction} />
  return (
    <ul className="text-sm">
      {readQuestions(interaction.request).map(({ question }) => (
        <li key={question}>{question}</li>
      ))}
    </ul>
  )
}
