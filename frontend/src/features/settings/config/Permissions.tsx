import { Select } from '@/ui/select'
import { type Permission, type Permitted, WORDS } from '../model/config'
import { SUBJECTS, type Subject } from '../model/tools'
import { CommandRules } from './CommandRules'

const DEFAULT = 'default'
const RULES = 'rules'

export interface PermissionsProps {
  value: Record<string, Permitted>
  tools: Record<string, boolean>
  onChange: (value: Record<string, Permitted>) => void
  onTools: (tools: Record<string, boolean>) => void
  /** What is not chosen is taken from the project. */
  inherits?: boolean
}

/** What the agent has, and what it may do by itself; the defaults are the safe ones, and each says why. */
export function Permissions({ value, tools, onChange, onTools, inherits }: PermissionsProps) {
  const choose = (id: string, chosen: string) => {
    const { [id]: _, ...rest } = value
    if (chosen === DEFAULT) return onChange(rest)
    const said: Permitted = chosen === RULES ? [{ pattern: '', action: 'ask' }] : (chosen as Permission)
    onChange({ ...rest, [id]: said })
  }
  const turn = (id: string, on: boolean) => {
    const { [id]: _, ...rest } = tools
    onTools(on ? rest : { ...rest, [id]: false })
  }
  return (
    <fieldset>
      <legend className="text-sm font-medium">Tools and permissions</legend>
      <ul className="mt-1 divide-y rounded-md border">
        {SUBJECTS.map((subject) => {
          const said = value[subject.id]
          const on = tools[subject.id] !== false
          return (
            <li key={subject.id} className="flex flex-wrap items-center gap-x-4 gap-y-2 px-3 py-2">
              <Name subject={subject} on={on} onTurn={(next) => turn(subject.id, next)} />
              <Select
                aria-label={subject.label}
                className="w-40"
                disabled={!on}
                value={Array.isArray(said) ? RULES : (said ?? DEFAULT)}
                onValueChange={(chosen) => choose(subject.id, chosen)}
                options={optionsOf(subject, inherits)}
              />
              {on && Array.isArray(said) && (
                <CommandRules
                  rules={said}
                  onChange={(rules) => onChange({ ...value, [subject.id]: rules })}
                />
              )}
            </li>
          )
        })}
      </ul>
    </fieldset>
  )
}

function optionsOf(subject: Subject, inherits = false) {
  const byDefault = inherits ? 'As the project' : `Default (${WORDS[subject.byDefault].toLowerCase()})`
  return [
    { value: DEFAULT, label: byDefault },
    ...Object.entries(WORDS).map(([value, label]) => ({ value, label })),
    ...(subject.id === 'bash' ? [{ value: RULES, label: 'By rules' }] : []),
  ]
}

function Name({ subject, on, onTurn }: { subject: Subject; on: boolean; onTurn: (on: boolean) => void }) {
  return (
    <div className="min-w-48 flex-1">
      {subject.tool ? (
        <label className="flex items-center gap-2 text-sm">
          <input
            type="checkbox"
            className="size-4 accent-current"
            aria-label={`${subject.label}: on`}
            checked={on}
            onChange={(event) => onTurn(event.target.checked)}
          />
          {subject.label}
        </label>
      ) : (
        <p className="text-sm">{subject.label}</p>
      )}
      <p className="text-xs text-muted">{on ? subject.why : 'Off: the agent does not have it at all.'}</p>
    </div>
  )
}
