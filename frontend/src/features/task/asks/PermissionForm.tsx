import { useState } from 'react'
import type { Interaction } from '@/api/types'
import { isText, useDraft } from '@/lib/draft'
import { Button } from '@/ui/button'
import { Field } from '@/ui/field'
import { Textarea } from '@/ui/input'
import { useAnswerPermission } from '../api'
import { useCard } from '../context'
import { DiffLines } from '../diff/DiffLines'
import { type PermissionAsk, readPermission } from '../model/asks'
import { shortPath } from '../model/tools'

export function PermissionForm({
  interaction,
  answerable,
}: {
  interaction: Interaction
  answerable: boolean
}) {
  const ask = readPermission(interaction.request)
  return (
    <div className="flex min-w-0 flex-col gap-2.5">
      <Matter ask={ask} />
      {answerable && <Answer interaction={interaction} ask={ask} />}
    </div>
  )
}

function Matter({ ask }: { ask: PermissionAsk }) {
  if (ask.diff) {
    return (
      <div className="overflow-hidden rounded-md border">
        {ask.path && <p className="border-b px-3 py-1 font-mono text-xs">{shortPath(ask.path)}</p>}
        <DiffLines patch={ask.diff} label={ask.path ?? 'the file'} className="max-h-56" />
      </div>
    )
  }
  const matter = ask.command ?? ask.path ?? ask.patterns.join('\n')
  return (
    <pre className="max-h-40 overflow-auto scroll-thin rounded-md border bg-sunken px-3 py-2 font-mono text-xs break-words whitespace-pre-wrap">
      {matter || '(no further detail was given)'}
    </pre>
  )
}

function Answer({ interaction, ask }: { interaction: Interaction; ask: PermissionAsk }) {
  const { mutate, isPending } = useAnswerPermission(useCard(), interaction.id)
  const [draft, keep] = useDraft(`opm.answer.${interaction.id}`, isText)
  const [rejecting, setRejecting] = useState(draft !== null)
  const message = draft ?? ''
  if (rejecting) {
    return (
      <form
        className="flex flex-col gap-2"
        onSubmit={(event) => {
          event.preventDefault()
          mutate({ reply: 'reject', message: message.trim() || null }, { onSuccess: () => keep(null) })
        }}
      >
        <Field
          label="What shall it do instead?"
          hint="With a reason the agent goes on by it; without one the run stops here."
        >
          {(control) => (
            <Textarea
              {...control}
              autoFocus={draft === null}
              rows={2}
              value={message}
              onChange={(event) => keep(event.target.value || null)}
            />
          )}
        </Field>
        <div className="flex gap-2">
          <Button type="submit" variant="danger" size="sm" busy={isPending}>
            Reject
          </Button>
          <Button size="sm" variant="ghost" onClick={() => setRejecting(false)}>
            Back
          </Button>
        </div>
      </form>
    )
  }
  return (
    <div className="flex flex-wrap items-center gap-2">
      <Button variant="primary" size="sm" busy={isPending} onClick={() => mutate({ reply: 'once' })}>
        Allow once
      </Button>
      <Button size="sm" disabled={isPending} onClick={() => mutate({ reply: 'always' })}>
        Always allow
      </Button>
      <Button variant="dangerGhost" size="sm" disabled={isPending} onClick={() => setRejecting(true)}>
        Reject…
      </Button>
      {ask.always.length > 0 && (
        <p className="basis-full text-xs text-muted">
          “Always” covers <code className="font-mono">{ask.always.join(', ')}</code> until the agent restarts.
        </p>
      )}
    </div>
  )
}
