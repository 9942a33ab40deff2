import { Send } from 'lucide-react'
import type { KeyboardEvent } from 'react'
import type { Task } from '@/api/types'
import { isText, readDraft, useDraft } from '@/lib/draft'
import { Button } from '@/ui/button'
import { Textarea } from '@/ui/input'
import { useFeedback } from '../api'
import { useCard } from '../context'
import { feedbackKey } from './drafts'

const HINTS: Partial<Record<Task['status'], string>> = {
  todo: 'Execute the card first; then you can send feedback on what the agent did.',
  done: 'This card is done. Reopen it to have more done.',
}

export interface FeedbackBoxProps {
  status: Task['status']
  enabled: boolean
}

/** The next message to the agent; a draft outlives the panel. */
export function FeedbackBox({ status, enabled }: FeedbackBoxProps) {
  const card = useCard()
  const key = feedbackKey(card.taskId)
  const { mutateAsync, isPending } = useFeedback(card)
  const [draft, keep] = useDraft(key, isText)
  const text = draft ?? ''
  const send = () => {
    const message = text.trim()
    if (!message || !enabled || isPending) return
    const sent = () => {
      // What was written since is the next message.
      if (readDraft(key, isText)?.trim() === message) keep(null)
    }
    // Also when the box is gone by then: what was sent is no draft. A refusal was told already.
    mutateAsync(message).then(sent, () => {})
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault()
      send()
    }
  }
  if (!enabled) return <p className="border-t px-4 py-2.5 text-sm text-muted">{HINTS[status]}</p>
  return (
    <form
      className="flex items-end gap-2 border-t bg-surface p-3"
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      <Textarea
        aria-label="Feedback to the agent"
        placeholder={
          status === 'in_progress'
            ? 'Say more while the agent works; it is queued and sent next. Ctrl+Enter queues.'
            : 'What should be different? The agent goes on in the same conversation. Ctrl+Enter sends.'
        }
        rows={2}
        className="max-h-40 min-h-14 flex-1"
        value={text}
        onChange={(event) => keep(event.target.value || null)}
        onKeyDown={onKeyDown}
      />
      <Button type="submit" variant="primary" busy={isPending} disabled={!text.trim()}>
        {!isPending && <Send aria-hidden />} {status === 'in_progress' ? 'Queue' : 'Send'}
      </Button>
    </form>
  )
}
