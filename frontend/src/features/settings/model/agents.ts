/** The form of one agent of the project's own. Pure. */
import type { Agent } from '@/api/types'
import { isSteps, isTemperature } from './numbers'

export const MODES = { primary: 'Runs cards', subagent: 'Called by others', all: 'Both' } as const

const BUILT_IN = ['build', 'plan', 'general', 'explore', 'compaction', 'title', 'summary']

export const EMPTY: Agent = { description: '', mode: 'subagent', prompt: '', permissions: {}, tools: {} }

export function canRunCards(agent: Agent): boolean {
  return agent.mode === 'primary' || agent.mode === 'all'
}

export type AgentProblems = Partial<
  Record<'name' | 'description' | 'prompt' | 'temperature' | 'steps' | 'rules', string>
>

export function agentProblems(name: string, agent: Agent, taken: string[]): AgentProblems {
  const problems: AgentProblems = {}
  if (!/^[a-z][a-z0-9_-]{0,39}$/.test(name)) {
    problems.name = 'Small letters, digits, - and _, beginning with a letter.'
  } else if (BUILT_IN.includes(name)) {
    problems.name = `${name} is an agent of OpenCode’s own.`
  } else if (taken.includes(name)) {
    problems.name = 'There is an agent of this name already.'
  }
  if (!agent.description.trim()) problems.description = 'Say when it is to be called.'
  if (!agent.prompt.trim()) problems.prompt = 'Say what it is to do.'
  const { temperature, steps } = agent
  if (temperature != null && !isTemperature(temperature)) {
    problems.temperature = 'A number from 0 to 2, or empty.'
  }
  if (steps != null && !isSteps(steps)) problems.steps = 'A whole number up to 1000, or empty.'
  if (hasEmptyRule(agent.permissions)) problems.rules = 'A rule has no pattern.'
  return problems
}

export function hasEmptyRule(permissions: Agent['permissions']): boolean {
  return Object.values(permissions ?? {}).some(
    (said) => Array.isArray(said) && said.some(({ pattern }) => pattern.trim() === ''),
  )
}
