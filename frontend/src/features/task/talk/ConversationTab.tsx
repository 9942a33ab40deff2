import { MessagesSquare } from 'lucide-react'
import type { Interaction } from '@/api/types'
import { formatAgo, formatDateTime } from '@/lib/format'
import { useNow } from '@/lib/useNow'
import { Markdown } from '@/ui/markdown'
import { EmptyState } from '@/ui/states'
import { AskCard } from '../asks/AskCard'
import { isAsk } from '../model/asks'
import { useFileLinks } from '../output/fileLinks'

/** What people said and what the agent answered, in order. */
export function ConversationTab({ interactions }: { interactions: Interaction[] }) {
  const now = useNow(true, 30_000)
  if (interactions.length === 0) {
    return (
      <EmptyState icon={<MessagesSquare aria-hidden />} title="Nothing said yet">
        When the card runs, its prompt, the agent's questions and answers, and your feedback stand here in
        order.
      </EmptyState>
    )
  }
  return (
    <ol className="flex flex-col gap-3 p-4">
      {interactions.map((interaction) => (
        <li key={interaction.id}>
          {isAsk(interaction) ? (
            <AskCard interaction={interaction} compact />
          ) : (
            <Exchange said={interaction} now={now} />
          )}
        </li>
      ))}
    </ol>
  )
}

function whoSaid({ kind, state }: Interaction): string {
  if (state === 'queued') return 'Queued'
  if (state === 'withdrawn') return 'Taken back'
  return kind === 'feedback' ? 'Feedback' : 'Prompt'
}

function Exchange({ said, now }: { said: Interaction; now: number }) {
  return (
    <div className="flex flex-col gap-3">
      <Bubble
        who={whoSaid(said)}
        at={said.user_prompt_at ?? said.created_at}
        now={now}
        text={said.user_prompt ?? ''}
        className={`ml-8 bg-accent/8 ${said.state === 'withdrawn' ? 'line-through opacity-70' : ''}`}
      />
      {said.agent_response && (
        <Bubble
          who="Agent"
          at={said.agent_response_at}
          now={now}
          text={said.agent_response}
          className="mr-8 bg-surface"
        />
      )}
    </div>
  )
}

interface BubbleProps {
  who: string
  at: string | null
  now: number
  text: string
  className: string
}

function Bubble({ who, at, now, text, className }: BubbleProps) {
  return (
    <div className={`min-w-0 rounded-lg border px-3 py-2 ${className}`}>
      <p className="mb-1 flex gap-2 text-xs text-muted">
        <span className="font-medium">{who}</span>
        {at && (
          <time dateTime={at} title={formatDateTime(at)}>
            {formatAgo(at, now)}
          </time>
        )}
      </p>
      <Markdown text={text} links={useFileLinks()} />
    </div>
  )
}
