import { Plus, X } from 'lucide-react'
import type { Rule } from '@/api/types'
import { Button } from '@/ui/button'
import { Input } from '@/ui/input'
import { Select } from '@/ui/select'
import { type Permission, WORDS } from '../model/config'

export interface CommandRulesProps {
  rules: Rule[]
  onChange: (rules: Rule[]) => void
}

const OPTIONS = Object.entries(WORDS).map(([value, label]) => ({ value, label }))

/** Patterns of commands in order; the last one that fits decides, and what fits none is asked for. */
export function CommandRules({ rules, onChange }: CommandRulesProps) {
  const change = (index: number, part: Partial<Rule>) =>
    onChange(rules.map((rule, at) => (at === index ? { ...rule, ...part } : rule)))
  return (
    <fieldset className="w-full">
      <legend className="text-xs text-muted">
        The last rule that fits decides; a command that fits none is asked for.
      </legend>
      <ol className="mt-1 flex flex-col gap-2">
        {rules.map((rule, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a rule is its place; patterns are being typed
          <li key={index} className="flex gap-2">
            <Input
              aria-label={`Pattern ${index + 1}`}
              className="min-w-0 flex-1 font-mono"
              placeholder="git push *"
              spellCheck={false}
              value={rule.pattern}
              onChange={(event) => change(index, { pattern: event.target.value })}
            />
            <Select
              aria-label={`What happens with pattern ${index + 1}`}
              className="w-28"
              value={rule.action}
              options={OPTIONS}
              onValueChange={(action) => change(index, { action: action as Permission })}
            />
            <Button
              variant="ghost"
              size="iconSm"
              aria-label={`Remove pattern ${index + 1}`}
              disabled={rules.length === 1}
              onClick={() => onChange(rules.filter((_, at) => at !== index))}
            >
              <X aria-hidden />
            </Button>
          </li>
        ))}
      </ol>
      <Button size="sm" className="mt-2" onClick={() => onChange([...rules, { pattern: '', action: 'ask' }])}>
        <Plus aria-hidden /> Add a rule
      </Button>
    </fieldset>
  )
}
