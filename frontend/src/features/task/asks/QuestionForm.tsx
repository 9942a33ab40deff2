import { useId } from 'react'
import type { Interaction } from '@/api/types'
import { useDraft } from '@/lib/draft'
import { Button } from '@/ui/button'
import { Input } from '@/ui/input'
import { useAnswerQuestion } from '../api'
import { useCard } from '../context'
import {
  answersOf,
  areChoices,
  type Choice,
  choose,
  noChoice,
  type QuestionAsk,
  readQuestions,
  write,
} from '../model/asks'

export function QuestionForm({ interaction }: { interaction: Interaction }) {
  const questions = readQuestions(interaction.request)
  const { mutate, isPending } = useAnswerQuestion(useCard(), interaction.id)
  const [draft, keep] = useDraft(`opm.answer.${interaction.id}`, areChoices)
  const choices = questions.map((_, place) => draft?.[place] ?? noChoice)
  const answers = answersOf(choices)
  const complete = answers.every((answer) => answer.length > 0)
  return (
    <form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault()
        if (complete) mutate({ answers }, { onSuccess: () => keep(null) })
      }}
    >
      {questions.map((question, index) => (
        <OneQuestion
          // biome-ignore lint/suspicious/noArrayIndexKey: the questions of one ask never change places
          key={index}
          ask={question}
          choice={choices[index] ?? noChoice}
          onChange={(choice) => keep(choices.map((other, place) => (place === index ? choice : other)))}
        />
      ))}
      <div className="flex flex-wrap gap-2">
        <Button type="submit" variant="primary" size="sm" busy={isPending} disabled={!complete}>
          Send answer
        </Button>
        <Button size="sm" variant="ghost" disabled={isPending} onClick={() => mutate({ reject: true })}>
          Dismiss
        </Button>
      </div>
    </form>
  )
}

interface OneQuestionProps {
  ask: QuestionAsk
  choice: Choice
  onChange: (choice: Choice) => void
}

function OneQuestion({ ask, choice, onChange }: OneQuestionProps) {
  const name = useId()
  return (
    <fieldset className="flex min-w-0 flex-col gap-1">
      <legend className="mb-1 text-sm">
        {ask.header && <span className="mr-1.5 font-medium text-muted">{ask.header}:</span>}
        {ask.question}
      </legend>
      {ask.options.map((option) => (
        <label
          key={option.label}
          className="flex cursor-pointer items-start gap-2 rounded-md border px-2.5 py-1.5 text-sm hover:bg-hover has-checked:border-accent-ink has-checked:bg-accent/8"
        >
          <input
            type={ask.multiple ? 'checkbox' : 'radio'}
            name={name}
            checked={choice.chosen.includes(option.label)}
            onChange={() => onChange(choose(choice, option.label, ask.multiple))}
            className="mt-0.5 accent-(--accent)"
          />
          <span className="min-w-0">
            {option.label}
            {option.description && <span className="block text-xs text-muted">{option.description}</span>}
          </span>
        </label>
      ))}
      <Input
        aria-label={`Own answer to: ${ask.question}`}
        placeholder={ask.options.length > 0 ? 'Or in your own words…' : 'Your answer…'}
        value={choice.own}
        onChange={(event) => onChange(write(choice, event.target.value, ask.multiple))}
        className="mt-1"
      />
    </fieldset>
  )
}
