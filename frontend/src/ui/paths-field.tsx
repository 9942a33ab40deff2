import { Field } from './field'
import { Textarea } from './input'

export interface PathsFieldProps {
  /** One path in a line. */
  value: string
  readOnly: boolean
  error?: string | null
  onChange: (value: string) => void
}

/** Which files a card is about. */
export function PathsField({ value, readOnly, error, onChange }: PathsFieldProps) {
  return (
    <Field
      label="Files this is about"
      hint="Optional. One path in a line, as Files shows it; the agent is told them."
      error={error}
    >
      {(control) => (
        <Textarea
          {...control}
          rows={2}
          className="font-mono text-xs"
          spellCheck={false}
          readOnly={readOnly}
          value={value}
          placeholder="src/app.py"
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  )
}
