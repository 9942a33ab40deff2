import { Field } from '@/ui/field'
import { Input, Textarea } from '@/ui/input'

export interface CardTexts {
  title: string
  description: string
}

export interface CardFieldsProps {
  texts: CardTexts
  errors: { title: string | null; description: string | null }
  readOnly: boolean
  onChange: (texts: CardTexts) => void
}

/** Title and prompt of a card, new or not. */
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
    </>
  )
}
