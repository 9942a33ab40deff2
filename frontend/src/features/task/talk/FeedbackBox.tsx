import { Send } from 'lucide-react'
import { type KeyboardEvent, useState } from 'react'
import type { Task } from '@/api/types'
import { Button } from '@/ui/button'
import { Textarea } from '@/ui/input'
import { useFeedback } from '../api'
import { useCard } from '../context'

const HINTS: Partial<Record<Task['status'], string>> = {
  todo: 'Execute the card first; then you can send feedback on what the agent did.',
  done: 'This card is done. Reopen it to have more done.',
}

function draftKey(taskId: string): string {
  return `opm.feedback.${taskId}`
}

function readDraft(taskId: string): string {
  try {
    return sessionStorage.getItem(draftKey(taskId)) ?? ''
  } catch {
    return ''
  }
}

function keepDraft(taskId: string, text: string): void {
  try {
    if (text) sessionStorage.setItem(draftKey(taskId), text)
    else sessionStorage.removeItem(draftKey(taskId))
  } catch {
    // Without storage the draft lasts as long as the panel.
  }
}

export interface FeedbackBoxProps {
  status: Task['status']
  enabled: boolean
}

/** The next message to the agent; a draft outlives the panel. */
export function FeedbackBox({ status, enabled }: FeedbackBoxProps) {
  const card = useCard()
  const { mutate, isPending } = useFeedback(card)
  const [text, setText] = useState(() => readDraft(card.taskId))
  const change = (next: string) => {
    setText(next)
    keepDraft(card.taskId, next)
  }
  const send = () => {
    const message = text.trim()
    if (message && enabled && !isPending) mutate(message, { onSuccess: () => change('') })
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
        onChange={(event) => change(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <Button type="submit" variant="primary" busy={isPending} disabled={!text.trim()}>
        {!isPending && <Send aria-hidden />} {status === 'in_progress' ? 'Queue' : 'Send'}
      </Button>
    </form>
  )
}
