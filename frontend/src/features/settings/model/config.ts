/** The form of a model's configuration: what it starts with, what is wrong with it, what is sent. Pure. */
import type { Config, NewConfig, ProviderKind } from '@/api/types'

export type Permission = 'allow' | 'ask' | 'deny'

/** What the server does when nothing is chosen. */
export const TOOLS: { id: string; label: string; byDefault: Permission; why: string }[] = [
  {
    id: 'bash',
    label: 'Run commands',
    byDefault: 'ask',
    why: 'Commands can do anything you can, so each is asked for, except a few that only look (ls, git status…).',
  },
  {
    id: 'edit',
    label: 'Edit files',
    byDefault: 'allow',
    why: 'The agent is there to write; every change is shown.',
  },
  {
    id: 'webfetch',
    label: 'Fetch from the web',
    byDefault: 'ask',
    why: 'What is fetched can mislead the agent, and an address can carry your data away.',
  },
  {
    id: 'question',
    label: 'Ask you questions',
    byDefault: 'allow',
    why: 'It waits for you instead of guessing.',
  },
]

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
  permissions: Record<string, Permission>
}

export function formOf(config: Config | null): ConfigForm {
  const permissions: Record<string, Permission> = {}
  for (const [tool, value] of Object.entries(config?.permissions ?? {})) {
    if (value === 'allow' || value === 'ask' || value === 'deny') permissions[tool] = value
  }
  return {
    provider: config?.provider ?? '',
    model: config?.model ?? '',
    baseUrl: config?.base_url ?? '',
    key: { kind: 'keep' },
    instructions: config?.instructions ?? '',
    temperature: config?.temperature?.toString() ?? '',
    maxTokens: config?.max_tokens?.toString() ?? '',
    permissions,
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
  if (kind?.needs_key && !hasKey(form, config)) problems.key = `${kind.name} needs an API key.`
  const temperature = Number(form.temperature)
  if (form.temperature.trim() && !(temperature >= 0 && temperature <= 2)) {
    problems.temperature = 'A number from 0 to 2, or empty for the default.'
  }
  const tokens = Number(form.maxTokens)
  if (form.maxTokens.trim() && !(Number.isInteger(tokens) && tokens >= 1 && tokens <= 1_000_000)) {
    problems.maxTokens = 'A whole number up to 1,000,000, or empty for the default.'
  }
  return problems
}

function hasKey(form: ConfigForm, config: Config | null): boolean {
  if (form.key.kind === 'replace') return form.key.key.trim() !== ''
  return form.key.kind === 'keep' && keyServes(form, config)
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
    temperature: form.temperature.trim() ? Number(form.temperature) : null,
    max_tokens: form.maxTokens.trim() ? Number(form.maxTokens) : null,
    permissions: form.permissions,
  }
}
