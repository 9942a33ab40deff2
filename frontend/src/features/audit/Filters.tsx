import { Field } from '@/ui/field'
import { Input } from '@/ui/input'
import { Select } from '@/ui/select'
import { OF_PROJECT, OUTCOMES, wordsFor } from './actions'
import type { AuditFilter } from './filter'

/** Radix has no option without a value. */
const ALL = 'all'

export interface Person {
  id: string
  name: string
}

interface FiltersProps {
  filter: AuditFilter
  onChange: (change: AuditFilter) => void
  actions: string[]
  /** Those who can be chosen; null where all lines are of one person. */
  people: Person[] | null
  /** Whether lines are about things of a project. */
  things: boolean
}

export function Filters({ filter, onChange, actions, people, things }: FiltersProps) {
  const set = (name: keyof AuditFilter) => (value: string | undefined) => onChange({ [name]: value })
  return (
    <search aria-label="Filter the log" className="flex flex-wrap gap-3">
      <Choice
        label="What"
        every="Everything"
        value={filter.action}
        options={actions.map((action) => [action, wordsFor(action)])}
        onChange={set('action')}
      />
      {people && (
        <Choice
          label="Who"
          every="Everybody"
          value={filter.user}
          options={people.map(({ id, name }) => [id, name])}
          onChange={set('user')}
        />
      )}
      {things && (
        <>
          <Choice
            label="About"
            every="Anything"
            value={filter.resource}
            options={Object.entries(OF_PROJECT)}
            // An id of another kind of thing would find nothing.
            onChange={(resource) => onChange({ resource, id: undefined })}
          />
          <Field label="Id or path" className="w-full min-w-36 sm:w-auto sm:flex-1">
            {(control) => (
              <Input
                {...control}
                type="search"
                placeholder="exactly as written"
                value={filter.id ?? ''}
                onChange={(event) => onChange({ id: event.target.value || undefined })}
              />
            )}
          </Field>
        </>
      )}
      <Choice
        label="Outcome"
        every="Any"
        value={filter.outcome}
        options={Object.entries(OUTCOMES)}
        onChange={set('outcome')}
      />
      {(['from', 'to'] as const).map((end) => (
        <Field key={end} label={end === 'from' ? 'From' : 'To'} className="min-w-36 max-sm:flex-1">
          {(control) => (
            <Input
              {...control}
              type="date"
              value={filter[end] ?? ''}
              onChange={(event) => onChange({ [end]: event.target.value || undefined })}
            />
          )}
        </Field>
      ))}
    </search>
  )
}

interface ChoiceProps {
  label: string
  /** What it is called to choose nothing. */
  every: string
  value: string | undefined
  options: string[][]
  onChange: (value: string | undefined) => void
}

function Choice({ label, every, value, options, onChange }: ChoiceProps) {
  return (
    <Field label={label} className="w-full sm:w-36">
      {(control) => (
        <Select
          {...control}
          aria-label={label}
          value={value ?? ALL}
          options={[[ALL, every], ...options].map(([key = '', words = key]) => ({
            value: key,
            label: words,
          }))}
          onValueChange={(chosen) => onChange(chosen === ALL ? undefined : chosen)}
        />
      )}
    </Field>
  )
}
