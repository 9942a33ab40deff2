import type { Config } from '@/api/types'
import { Button } from '@/ui/button'
import { Field } from '@/ui/field'
import { Input } from '@/ui/input'
import { type ConfigForm, type KeyWish, keyServes } from '../model/config'

export interface KeyFieldProps {
  form: ConfigForm
  config: Config | null
  error: string | null
  onChange: (key: KeyWish) => void
}

const REMOVING = 'Will be removed with the next save, also from earlier versions'

/** A key goes in and never comes out: shows that one is stored, and lets it be replaced or removed. */
export function KeyField({ form, config, error, onChange }: KeyFieldProps) {
  const stored = keyServes(form, config)
  if (stored && form.key.kind !== 'replace') {
    const removing = form.key.kind === 'remove'
    const ends = config?.api_key_last4 ? `, ends in …${config.api_key_last4}` : ''
    return (
      <div className="flex flex-col gap-1">
        <span className="text-sm font-medium">API key</span>
        <div className="flex flex-wrap items-center gap-2 text-sm">
          <span className={removing ? 'text-bad' : 'text-muted'}>{removing ? REMOVING : `Set${ends}`}</span>
          <Button size="sm" onClick={() => onChange({ kind: 'replace', key: '' })}>
            Replace
          </Button>
          <Button
            size="sm"
            variant="dangerGhost"
            onClick={() => onChange({ kind: removing ? 'keep' : 'remove' })}
          >
            {removing ? 'Keep it' : 'Remove'}
          </Button>
        </div>
        {error && (
          <p role="alert" className="text-xs text-bad">
            {error}
          </p>
        )}
      </div>
    )
  }
  return (
    <Field
      label="API key"
      hint="Stored encrypted, given to the agent's process only, and never shown again."
      error={error}
    >
      {(control) => (
        <div className="flex gap-2">
          <Input
            {...control}
            type="password"
            autoComplete="off"
            value={form.key.kind === 'replace' ? form.key.key : ''}
            onChange={(event) => onChange({ kind: 'replace', key: event.target.value })}
          />
          {stored && (
            <Button variant="ghost" onClick={() => onChange({ kind: 'keep' })}>
              Keep the old one
            </Button>
          )}
        </div>
      )}
    </Field>
  )
}
