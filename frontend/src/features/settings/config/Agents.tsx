import { Plus } from 'lucide-react'
import { useState } from 'react'
import type { Agent } from '@/api/types'
import { Badge } from '@/ui/badge'
import { Button } from '@/ui/button'
import { Field } from '@/ui/field'
import { Select } from '@/ui/select'
import { canRunCards, MODES } from '../model/agents'
import { AgentDialog } from './AgentDialog'

const BUILD = 'build'

export interface AgentsProps {
  agents: Record<string, Agent>
  defaultAgent: string
  onChange: (agents: Record<string, Agent>, defaultAgent: string) => void
}

/** Agents of the project's own, and which one runs the cards. They are kept when the form is saved. */
export function Agents({ agents, defaultAgent, onChange }: AgentsProps) {
  const [edited, setEdited] = useState<string | null>(null)
  const put = (all: Record<string, Agent>, main: string) => {
    const chosen = all[main]
    const gone = main !== '' && main !== 'plan' && !(chosen && canRunCards(chosen))
    onChange(all, gone ? '' : main)
  }
  const keep = (name: string, agent: Agent) => {
    const { [edited ?? '']: _, ...rest } = agents
    put({ ...rest, [name]: agent }, defaultAgent === edited && edited !== '' ? name : defaultAgent)
    setEdited(null)
  }
  const remove = (name: string) => {
    const { [name]: _, ...rest } = agents
    put(rest, defaultAgent)
  }
  const main = Object.keys(agents).filter((name) => {
    const agent = agents[name]
    return agent && canRunCards(agent)
  })
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="text-sm font-medium">Agents of your own</legend>
      {Object.keys(agents).length > 0 && (
        <ul className="mt-1 divide-y rounded-md border">
          {Object.entries(agents).map(([name, agent]) => (
            <li key={name} className="flex flex-wrap items-center gap-2 px-3 py-2 text-sm">
              <span className="font-mono">{name}</span>
              <Badge>{MODES[agent.mode ?? 'subagent']}</Badge>
              <span className="min-w-0 flex-1 truncate text-muted">{agent.description}</span>
              <Button size="sm" aria-label={`Edit ${name}`} onClick={() => setEdited(name)}>
                Edit
              </Button>
              <Button
                size="sm"
                variant="dangerGhost"
                aria-label={`Remove ${name}`}
                onClick={() => remove(name)}
              >
                Remove
              </Button>
            </li>
          ))}
        </ul>
      )}
      <div>
        <Button size="sm" onClick={() => setEdited('')}>
          <Plus aria-hidden /> Add an agent
        </Button>
      </div>
      <Field
        label="Cards are run by"
        hint="build writes; plan only looks and proposes, and asks before commands."
      >
        {(control) => (
          <Select
            {...control}
            value={defaultAgent || BUILD}
            options={[BUILD, 'plan', ...main].map((name) => ({ value: name, label: name }))}
            onValueChange={(name) => onChange(agents, name === BUILD ? '' : name)}
          />
        )}
      </Field>
      {edited !== null && (
        <AgentDialog
          name={edited}
          agent={agents[edited]}
          taken={Object.keys(agents).filter((name) => name !== edited)}
          onKeep={keep}
          onClose={() => setEdited(null)}
        />
      )}
    </fieldset>
  )
}
