import { Field } from '@/ui/field'
import { Input } from '@/ui/input'
import { Select } from '@/ui/select'
import { PROJECT_ACTIONS, wordsFor } from './actions'
import type { AuditFilter } from './filter'

/** Radix has no option without a value. */
const ALL = 'all'

interface FiltersProps {
  filter: AuditFilter
  onChange: (change: AuditFilter) => void
  withActions: boolean
}

export function Filters({ filter, onChange, withActions }: FiltersProps) {
  const options = [
    { value: ALL, label: 'Everything' },
    ...PROJECT_ACTIONS.map((action) => ({ value: action, label: wordsFor(action) })),
  ]
  return (
    <search aria-label="Filter the log" className="flex flex-wrap gap-3">
      {withActions && (
        <Field label="What" className="w-full sm:w-56">
          {(control) => (
            <Select
              {...control}
              aria-label="What"
              value={filter.action ?? ALL}
              options={options}
              onValueChange={(value) => onChange({ action: value === ALL ? undefined : value })}
            />
          )}
        </Field>
      )}
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
