import type { Texts } from '@/api/useCardEditor'
import { Field } from '@/ui/field'
import { Input, Textarea } from '@/ui/input'
import { PathsField } from '@/ui/paths-field'

export interface CardFieldsProps {
  texts: Texts
  errors: { title: string | null; description: string | null; files: string | null }
  readOnly: boolean
  onChange: (texts: Texts) => void
}

/** What a card tells the agent, be it new or not. */
export function CardFields({ texts, errors, readOnly, onChange }: CardFieldsProps) {
  return (
    <>
      <Field label="Title" error={errors.title}>
        {(control) => (
          <Input
            {...control}
            autoFocus
            maxLength={200}
            readOnly={readOnly}
            value={texts.title}
            placeholder="Add a contact form"
            onChange={(event) => onChange({ ...texts, title: event.target.value })}
          />
        )}
      </Field>
      <Field
        label="What the agent should do"
        hint="This is the agent’s prompt. Markdown is welcome; say what “done” means."
        error={errors.description}
      >
        {(control) => (
          <Textarea
            {...control}
            rows={9}
            readOnly={readOnly}
            value={texts.description}
            onChange={(event) => onChange({ ...texts, description: event.target.value })}
          />
        )}
      </Field>
      <PathsField
        value={texts.files}
        readOnly={readOnly}
        error={errors.files}
        onChange={(files) => onChange({ ...texts, files })}
      />
    </>
  )
}
