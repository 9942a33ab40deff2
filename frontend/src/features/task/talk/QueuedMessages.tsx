import { Clock, Pencil, Send, Undo2 } from 'lucide-react'
import { useState } from 'react'
import type { Interaction, Task } from '@/api/types'
import { isText, useDraft } from '@/lib/draft'
import { formatAgo, formatDateTime } from '@/lib/format'
import { useNow } from '@/lib/useNow'
import { Button } from '@/ui/button'
import { useConfirm } from '@/ui/confirm'
import { Textarea } from '@/ui/input'
import { DISCARD } from '@/ui/unsaved'
import { useEditQueued, useSendQueued, useWithdraw } from '../api'
import { useCard } from '../context'
import { queuedKey } from './drafts'

export interface QueuedMessagesProps {
  status: Task['status']
  messages: Interaction[]
}

/** What was said while the agent works, in the order in which it will be sent. */
export function QueuedMessages({ status, messages }: QueuedMessagesProps) {
  const send = useSendQueued(useCard())
  const stuck = status === 'ai_review' || status === 'human_review'
  if (messages.length === 0) return null
  return (
    <section
      aria-label="Queued messages"
      className="flex shrink-0 flex-col gap-2 border-t bg-surface px-3 py-2"
    >
      <div className="flex items-center gap-2 text-xs text-muted">
        <Clock aria-hidden className="size-3.5 shrink-0" />
        <p className="min-w-0 flex-1">
          {stuck
            ? 'Not sent, because the run before did not succeed.'
            : status === 'in_progress'
              ? 'Sent when the agent has finished what it is doing.'
              : 'Waits for the next run of this card.'}
        </p>
        {stuck && (
          <Button size="sm" busy={send.isPending} onClick={() => send.mutate()}>
            {!send.isPending && <Send aria-hidden />} Send now
          </Button>
        )}
      </div>
      <ol className="flex max-h-40 flex-col gap-1.5 overflow-y-auto scroll-thin">
        {messages.map((message) => (
          <li key={message.id}>
            <Queued message={message} />
          </li>
        ))}
      </ol>
    </section>
  )
}

function Queued({ message }: { message: Interaction }) {
  const card = useCard()
  const now = useNow(true, 30_000)
  const withdraw = useWithdraw(card, message.id)
  const [draft, keep] = useDraft(queuedKey(message.id), isText)
  const [asked, setAsked] = useState(false)
  const said = message.user_prompt ?? ''
  if (asked || draft !== null) {
    const close = () => {
      keep(null)
      setAsked(false)
    }
    return <Editor message={message} text={draft ?? said} autoFocus={asked} onChange={keep} onDone={close} />
  }
  return (
    <div className="flex items-start gap-2 rounded-md border border-dashed px-2 py-1.5 text-sm">
      <p className="min-w-0 flex-1 whitespace-pre-wrap break-words">{said}</p>
      <time
        dateTime={message.created_at}
        title={formatDateTime(message.created_at)}
        className="shrink-0 pt-0.5 text-xs text-muted"
      >
        {formatAgo(message.created_at, now)}
      </time>
      <Button size="sm" variant="ghost" aria-label="Edit the queued message" onClick={() => setAsked(true)}>
        <Pencil aria-hidden />
      </Button>
      <Button
        size="sm"
        variant="ghost"
        aria-label="Take the queued message back"
        busy={withdraw.isPending}
        onClick={() => withdraw.mutate()}
      >
        {!withdraw.isPending && <Undo2 aria-hidden />}
      </Button>
    </div>
  )
}

interface EditorProps {
  message: Interaction
  text: string
  autoFocus: boolean
  onChange: (text: string) => void
  onDone: () => void
}

function Editor({ message, text, autoFocus, onChange, onDone }: EditorProps) {
  const edit = useEditQueued(useCard(), message.id)
  const confirm = useConfirm()
  const close = async () => {
    if (text === message.user_prompt || (await confirm(DISCARD))) onDone()
  }
  return (
    <form
      className="flex flex-col gap-1.5"
      onSubmit={(event) => {
        event.preventDefault()
        if (text.trim()) edit.mutate(text.trim(), { onSuccess: onDone })
      }}
    >
      <Textarea
        aria-label="Queued message"
        autoFocus={autoFocus}
        readOnly={edit.isPending}
        rows={2}
        value={text}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return
          event.stopPropagation()
          void close()
        }}
      />
      <div className="flex justify-end gap-2">
        <Button size="sm" variant="ghost" onClick={() => void close()}>
          Cancel
        </Button>
        <Button size="sm" type="submit" variant="primary" busy={edit.isPending} disabled={!text.trim()}>
          Save
        </Button>
      </div>
    </form>
  )
}
