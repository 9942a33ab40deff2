import { Select } from '@/ui/select'
import type { Permission, Permitted } from './model/config'
import { SUBJECTS } from './model/tools'

const WORDS: Record<Permission, string> = { allow: 'Allow', ask: 'Ask me', deny: 'Deny' }
const DEFAULT = 'default'
const RULES = 'rules'

const shown = (said: Permitted | undefined) => (Array.isArray(said) ? RULES : (said ?? DEFAULT))

export interface PermissionsProps {
  value: Record<string, Permitted>
  onChange: (value: Record<string, Permitted>) => void
}

/** What the agent may do by itself; the defaults are the safe ones, and each says why. */
export function Permissions({ value, onChange }: PermissionsProps) {
  const choose = (tool: string, chosen: string) => {
    const { [tool]: _, ...rest } = value
    if (chosen === RULES) return
    onChange(chosen === DEFAULT ? rest : { ...rest, [tool]: chosen as Permission })
  }
  return (
    <fieldset>
      <legend className="text-sm font-medium">Permissions</legend>
      <ul className="mt-1 divide-y rounded-md border">
        {SUBJECTS.map((tool) => (
          <li key={tool.id} className="flex flex-wrap items-center gap-x-4 gap-y-2 px-3 py-2">
            <div className="min-w-48 flex-1">
              <p className="text-sm">{tool.label}</p>
              <p className="text-xs text-muted">{tool.why}</p>
            </div>
            <Select
              aria-label={tool.label}
              className="w-40"
              value={shown(value[tool.id])}
              onValueChange={(chosen) => choose(tool.id, chosen)}
              options={[
                { value: DEFAULT, label: `Default (${WORDS[tool.byDefault].toLowerCase()})` },
                ...Object.entries(WORDS).map(([id, label]) => ({ value: id, label })),
                ...(Array.isArray(value[tool.id]) ? [{ value: RULES, label: 'By rules' }] : []),
              ]}
            />
          </li>
        ))}
      </ul>
    </fieldset>
  )
}
