/** The form of a model's configuration: what it starts with, what is wrong with it, what is sent. Pure. */
import type { Agent, Config, NewConfig, ProviderKind, Rule } from '@/api/types'
import { hasEmptyRule } from './agents'
import { isSteps, isTemperature, numberOf } from './numbers'

export type Permission = 'allow' | 'ask' | 'deny'
export const WORDS: Record<Permission, string> = { allow: 'Allow', ask: 'Ask me', deny: 'Deny' }
export type Permitted = Permission | Rule[]

/** What to do with the stored key. */
export type KeyWish = { kind: 'keep' } | { kind: 'replace'; key: string } | { kind: 'remove' }

export interface ConfigForm {
  provider: string
  model: string
  baseUrl: string
  key: KeyWish
  instructions: string
  temperature: string
  maxTokens: string
  steps: string
  permissions: Record<string, Permitted>
  tools: Record<string, boolean>
  agents: Record<string, Agent>
  defaultAgent: string
}

export function formOf(config: Config | null): ConfigForm {
  return {
    provider: config?.provider ?? '',
    model: config?.model ?? '',
    baseUrl: config?.base_url ?? '',
    key: { kind: 'keep' },
    instructions: config?.instructions ?? '',
    temperature: config?.temperature?.toString() ?? '',
    maxTokens: config?.max_tokens?.toString() ?? '',
    steps: config?.steps?.toString() ?? '',
    permissions: { ...config?.permissions },
    tools: { ...config?.tools },
    agents: { ...config?.agents },
    defaultAgent: config?.default_agent ?? '',
  }
}

/** Another provider starts with its own first model and address; a key never goes along. */
export function withProvider(form: ConfigForm, kind: ProviderKind): ConfigForm {
  return { ...form, provider: kind.id, model: kind.models?.[0] ?? '', baseUrl: '', key: { kind: 'keep' } }
}

/** Whether the stored key still serves: it belongs to one provider at one address. */
export function keyServes(form: ConfigForm, config: Config | null): boolean {
  if (!config?.api_key_set) return false
  return config.provider === form.provider && (config.base_url ?? '') === form.baseUrl.trim()
}

export type Problems = Partial<Record<keyof ConfigForm, string>>

export function problemsOf(
  form: ConfigForm,
  kind: ProviderKind | undefined,
  config: Config | null,
): Problems {
  const problems: Problems = {}
  if (!kind) problems.provider = 'Choose a provider.'
  if (!form.model.trim()) problems.model = 'Name a model.'
  const url = form.baseUrl.trim()
  if (url && !/^https?:\/\/[^\s@]+$/.test(url))
    problems.baseUrl = 'An address begins with http:// or https://.'
  if (kind?.id === 'openai-compatible' && !url) {
    problems.baseUrl = 'Say where the server listens, such as http://127.0.0.1:8080/v1.'
  }
  if (kind?.needs_key && !hasKey(form, config) && !removesKey(form, config))
    problems.key = `${kind.name} needs an API key.`
  const temperature = numberOf(form.temperature)
  if (temperature !== null && !isTemperature(temperature)) {
    problems.temperature = 'A number from 0 to 2, or empty for the default.'
  }
  const tokens = numberOf(form.maxTokens)
  if (tokens !== null && !(Number.isInteger(tokens) && tokens >= 1 && tokens <= 1_000_000)) {
    problems.maxTokens = 'A whole number up to 1,000,000, or empty for the default.'
  }
  const steps = numberOf(form.steps)
  if (steps !== null && !isSteps(steps)) {
    problems.steps = 'A whole number up to 1000, or empty for no limit.'
  }
  if (hasEmptyRule(form.permissions)) problems.permissions = 'A rule for commands has no pattern.'
  return problems
}

/** Whether saving would say something new. */
export function isChanged(form: ConfigForm, config: Config | null): boolean {
  return JSON.stringify(requestOf(form)) !== JSON.stringify(requestOf(formOf(config)))
}

function hasKey(form: ConfigForm, config: Config | null): boolean {
  if (form.key.kind === 'replace') return form.key.key.trim() !== ''
  return form.key.kind === 'keep' && keyServes(form, config)
}

/** Whoever takes the key away leaves none on purpose. */
function removesKey(form: ConfigForm, config: Config | null): boolean {
  return form.key.kind === 'remove' && config?.api_key_set === true && config.provider === form.provider
}

const KEPT = null
const REMOVED = ''

export function requestOf(form: ConfigForm): NewConfig {
  const key = {
    keep: KEPT,
    remove: REMOVED,
    replace: form.key.kind === 'replace' ? form.key.key.trim() : KEPT,
  }
  return {
    provider: form.provider,
    model: form.model.trim(),
    base_url: form.baseUrl.trim() || null,
    api_key: key[form.key.kind],
    instructions: form.instructions,
    temperature: numberOf(form.temperature),
    max_tokens: numberOf(form.maxTokens),
    steps: numberOf(form.steps),
    permissions: form.permissions,
    tools: form.tools,
    agents: form.agents,
    default_agent: form.defaultAgent || null,
  }
}
