import { Field } from '@/ui/field'
import { Input } from '@/ui/input'
import type { ConfigForm } from '../model/config'

type Limit = 'temperature' | 'maxTokens' | 'steps'

const LIMITS: { id: Limit; wire: string; label: string; hint: string; mode: 'decimal' | 'numeric' }[] = [
  {
    id: 'temperature',
    wire: 'temperature',
    label: 'Temperature',
    hint: '0 to 2; empty for the model’s own.',
    mode: 'decimal',
  },
  {
    id: 'maxTokens',
    wire: 'max_tokens',
    label: 'Most tokens per answer',
    hint: 'Empty for the model’s own.',
    mode: 'numeric',
  },
  { id: 'steps', wire: 'steps', label: 'Most steps per run', hint: 'Empty for no limit.', mode: 'numeric' },
]

export interface LimitsProps {
  form: ConfigForm
  error: (field: keyof ConfigForm, wire: string) => string | null
  onChange: (part: Partial<ConfigForm>) => void
}

export function Limits({ form, error, onChange }: LimitsProps) {
  return (
    <div className="grid gap-4 sm:grid-cols-3">
      {LIMITS.map(({ id, wire, label, hint, mode }) => (
        <Field key={id} label={label} hint={hint} error={error(id, wire)}>
          {(control) => (
            <Input
              {...control}
              inputMode={mode}
              value={form[id]}
              onChange={(event) => onChange({ [id]: event.target.value })}
            />
          )}
        </Field>
      ))}
    </div>
  )
}
