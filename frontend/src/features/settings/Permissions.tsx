import { Select } from '@/ui/select'
import { type Permission, TOOLS } from './model/config'

const WORDS: Record<Permission, string> = { allow: 'Allow', ask: 'Ask me', deny: 'Deny' }
const DEFAULT = 'default'

export interface PermissionsProps {
  value: Record<string, Permission>
  onChange: (value: Record<string, Permission>) => void
}

/** What the agent may do by itself; the defaults are the safe ones, and each says why. */
export function Permissions({ value, onChange }: PermissionsProps) {
  const choose = (tool: string, chosen: string) => {
    const { [tool]: _, ...rest } = value
    onChange(chosen === DEFAULT ? rest : { ...rest, [tool]: chosen as Permission })
  }
  return (
    <fieldset>
      <legend className="text-sm font-medium">Permissions</legend>
      <ul className="mt-1 divide-y rounded-md border">
        {TOOLS.map((tool) => (
          <li key={tool.id} className="flex flex-wrap items-center gap-x-4 gap-y-2 px-3 py-2">
            <div className="min-w-48 flex-1">
              <p className="text-sm">{tool.label}</p>
              <p className="text-xs text-muted">{tool.why}</p>
            </div>
            <Select
              aria-label={tool.label}
              className="w-40"
              value={value[tool.id] ?? DEFAULT}
              onValueChange={(chosen) => choose(tool.id, chosen)}
              options={[
                { value: DEFAULT, label: `Default (${WORDS[tool.byDefault].toLowerCase()})` },
                ...Object.entries(WORDS).map(([id, label]) => ({ value: id, label })),
              ]}
            />
          </li>
        ))}
      </ul>
      <p className="mt-1 text-xs text-muted">
        Reaching outside the workspace is denied, unless you operate opm otherwise.
      </p>
    </fieldset>
  )
}
