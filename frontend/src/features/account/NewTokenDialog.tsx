import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { describe, fieldError } from '@/api/errors'
import { queriesOf } from '@/api/queries'
import { createToken } from '@/api/sdk'
import type { NewToken } from '@/api/types'
import { Button } from '@/ui/button'
import { Dialog, DialogBody, DialogContent, DialogFooter } from '@/ui/dialog'
import { Field } from '@/ui/field'
import { Input } from '@/ui/input'
import { TokenSecret } from './TokenSecret'

const SCOPES = [
  {
    value: 'read',
    label: 'May read',
    hint: 'Boards, cards, files and output; nothing can be changed with it.',
  },
  {
    value: 'write',
    label: 'May change',
    hint: 'Everything you may do yourself, except with accounts and tokens.',
  },
] as const
const MOST_DAYS = 366

/** Mounted only while open: first the form, then the secret, which exists nowhere else. */
export function NewTokenDialog({ onClose }: { onClose: () => void }) {
  const client = useQueryClient()
  const make = useMutation({
    mutationFn: (body: NewToken) => createToken({ body }),
    onSuccess: () => client.invalidateQueries({ predicate: queriesOf(['listTokens']) }),
    gcTime: 0, // the secret must not outlive the dialog
  })
  if (make.data) return <TokenSecret made={make.data} onClose={onClose} />
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()}>
      <DialogContent title="New access token" description="For a program that uses the API in your name.">
        <Form busy={make.isPending} error={make.error} onMake={make.mutate} onClose={onClose} />
      </DialogContent>
    </Dialog>
  )
}

interface FormProps {
  busy: boolean
  error: Error | null
  onMake: (body: NewToken) => void
  onClose: () => void
}

function Form({ busy, error, onMake, onClose }: FormProps) {
  const [name, setName] = useState('')
  const [scope, setScope] = useState<'read' | 'write'>('read')
  const [days, setDays] = useState('90')
  const [tried, setTried] = useState(false)
  const named = name.trim() !== ''
  const lasting = /^\d+$/.test(days) && Number(days) >= 1 && Number(days) <= MOST_DAYS
  const onSubmit = (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (named && lasting) onMake({ name: name.trim(), scope, days: Number(days) })
  }
  const nameError = tried && !named ? 'Say what it is for.' : fieldError(error, 'name')
  const daysError = tried && !lasting ? `A number of days from 1 to ${MOST_DAYS}.` : fieldError(error, 'days')
  return (
    <form className="flex min-h-0 flex-col" onSubmit={onSubmit} noValidate>
      <DialogBody>
        {error && !nameError && !daysError && (
          <p role="alert" className="text-sm text-bad">
            {describe(error).message}
          </p>
        )}
        <Field label="Name" error={nameError}>
          {(control) => (
            <Input
              {...control}
              autoFocus
              maxLength={100}
              value={name}
              placeholder="Nightly report"
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <fieldset className="flex flex-col gap-2">
          <legend className="mb-1 text-sm font-medium">What it may do</legend>
          {SCOPES.map(({ value, label, hint }) => (
            <label key={value} className="flex cursor-pointer items-start gap-2 text-sm">
              <input
                type="radio"
                name="scope"
                className="mt-0.5 accent-accent"
                checked={scope === value}
                onChange={() => setScope(value)}
              />
              <span>
                {label}
                <span className="block text-xs text-muted">{hint}</span>
              </span>
            </label>
          ))}
        </fieldset>
        <Field label="Days until it ends" error={daysError} className="max-w-40">
          {(control) => (
            <Input
              {...control}
              inputMode="numeric"
              value={days}
              onChange={(event) => setDays(event.target.value)}
            />
          )}
        </Field>
      </DialogBody>
      <DialogFooter>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" variant="primary" busy={busy}>
          Make token
        </Button>
      </DialogFooter>
    </form>
  )
}
