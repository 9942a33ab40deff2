import { useState } from 'react'
import type { Agent } from '@/api/types'
import { Button } from '@/ui/button'
import { Dialog, DialogBody, DialogContent, DialogFooter } from '@/ui/dialog'
import { Field } from '@/ui/field'
import { Input, Textarea } from '@/ui/input'
import { Select } from '@/ui/select'
import { useDiscard } from '@/ui/unsaved'
import { agentProblems, EMPTY, MODES } from '../model/agents'
import { numberOf } from '../model/numbers'
import { Permissions } from './Permissions'

export interface AgentDialogProps {
  /** Empty for a new one. */
  name: string
  agent: Agent | undefined
  taken: string[]
  onKeep: (name: string, agent: Agent) => void
  onClose: () => void
}

export function AgentDialog({ name: before, agent, taken, onKeep, onClose }: AgentDialogProps) {
  const [name, setName] = useState(before)
  const [draft, setDraft] = useState<Agent>(agent ?? EMPTY)
  const [tried, setTried] = useState(false)
  const [heat, setHeat] = useState(agent?.temperature?.toString() ?? '')
  const [steps, setSteps] = useState(agent?.steps?.toString() ?? '')
  const whole: Agent = { ...draft, temperature: numberOf(heat), steps: numberOf(steps) }
  const [opened] = useState(() => JSON.stringify([name, whole]))
  const problems = agentProblems(name, whole, taken)
  const shown = tried ? problems : {}
  const change = (part: Partial<Agent>) => setDraft({ ...draft, ...part })
  const keep = () => {
    setTried(true)
    if (Object.keys(problems).length === 0) onKeep(name, whole)
  }
  const dirty = JSON.stringify([name, whole]) !== opened
  const leave = useDiscard({ dirty, busy: false, onClose })
  return (
    <Dialog open onOpenChange={(open) => !open && leave()}>
      <DialogContent
        title={before ? `Agent ${before}` : 'New agent'}
        description="Its permissions stand above those of the project."
      >
        <DialogBody>
          <Field label="Name" error={shown.name}>
            {(control) => (
              <Input
                {...control}
                autoComplete="off"
                spellCheck={false}
                value={name}
                onChange={(event) => setName(event.target.value)}
              />
            )}
          </Field>
          <Field label="Description" hint="Tells other agents when to call it." error={shown.description}>
            {(control) => (
              <Input
                {...control}
                value={draft.description}
                onChange={(event) => change({ description: event.target.value })}
              />
            )}
          </Field>
          <Field label="Prompt" hint="Replaces OpenCode’s own system prompt." error={shown.prompt}>
            {(control) => (
              <Textarea
                {...control}
                rows={6}
                value={draft.prompt}
                onChange={(event) => change({ prompt: event.target.value })}
              />
            )}
          </Field>
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label="Use">
              {(control) => (
                <Select
                  {...control}
                  value={draft.mode ?? 'subagent'}
                  options={Object.entries(MODES).map(([value, label]) => ({ value, label }))}
                  onValueChange={(mode) => change({ mode: mode as keyof typeof MODES })}
                />
              )}
            </Field>
            <Field label="Its model" hint="Empty for the project’s.">
              {(control) => (
                <Input
                  {...control}
                  value={draft.model ?? ''}
                  onChange={(event) => change({ model: event.target.value.trim() || null })}
                />
              )}
            </Field>
            <Field label="Its temperature" error={shown.temperature}>
              {(control) => (
                <Input
                  {...control}
                  inputMode="decimal"
                  value={heat}
                  onChange={(event) => setHeat(event.target.value)}
                />
              )}
            </Field>
            <Field label="Its most steps per run" hint="Empty for the project’s." error={shown.steps}>
              {(control) => (
                <Input
                  {...control}
                  inputMode="numeric"
                  value={steps}
                  onChange={(event) => setSteps(event.target.value)}
                />
              )}
            </Field>
          </div>
          <Permissions
            inherits
            value={draft.permissions ?? {}}
            tools={draft.tools ?? {}}
            onChange={(permissions) => change({ permissions })}
            onTools={(tools) => change({ tools })}
          />
          {shown.rules && (
            <p role="alert" className="text-xs text-bad">
              {shown.rules}
            </p>
          )}
        </DialogBody>
        <DialogFooter>
          <Button onClick={leave}>Cancel</Button>
          <Button variant="primary" onClick={keep}>
            Keep agent
          </Button>
        </DialogFooter>
      </DialogContent>
    </Dialog>
  )
}
