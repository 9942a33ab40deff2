import { describe, expect, it } from 'vitest'
import type { Config, ProviderKind } from '@/api/types'
import { type ConfigForm, formOf, isChanged, keyServes, problemsOf, requestOf, withProvider } from './config'

const ANTHROPIC: ProviderKind = {
  id: 'anthropic',
  name: 'Anthropic',
  needs_key: true,
  models: ['claude', 'other'],
}
const OWN: ProviderKind = { id: 'openai-compatible', name: 'Own', needs_key: false }

const config: Config = {
  id: 'config-1',
  project_id: 'project',
  version: 3,
  is_active: true,
  provider: 'anthropic',
  model: 'claude',
  base_url: null,
  api_key_set: true,
  api_key_last4: 'abcd',
  instructions: 'Be brief.',
  temperature: 0,
  max_tokens: null,
  permissions: { bash: 'deny' },
  tools: { webfetch: false },
  steps: 9,
  agents: {},
  default_agent: 'plan',
  created_at: '2026-01-01T12:00:00Z',
}

const form = (over: Partial<ConfigForm> = {}): ConfigForm => ({ ...formOf(config), ...over })

describe('the form', () => {
  it('starts with the active version, and comes back as it was', () => {
    expect(requestOf(form())).toEqual({
      provider: 'anthropic',
      model: 'claude',
      base_url: null,
      api_key: null,
      instructions: 'Be brief.',
      temperature: 0,
      max_tokens: null,
      permissions: { bash: 'deny' },
      tools: { webfetch: false },
      steps: 9,
      agents: {},
      default_agent: 'plan',
    })
  })

  it('says what happens to the key: null keeps, empty removes, text replaces', () => {
    expect(requestOf(form({ key: { kind: 'keep' } })).api_key).toBeNull()
    expect(requestOf(form({ key: { kind: 'remove' } })).api_key).toBe('')
    expect(requestOf(form({ key: { kind: 'replace', key: ' sk-1 ' } })).api_key).toBe('sk-1')
  })
})

describe('unsaved changes', () => {
  it('are those that saving would say', () => {
    expect(isChanged(form(), config)).toBe(false)
    expect(isChanged(form({ instructions: 'Other' }), config)).toBe(true)
    expect(isChanged(form({ key: { kind: 'remove' } }), config)).toBe(true)
  })
})

describe('another provider', () => {
  it('starts with its own first model and without the key of the other', () => {
    const next = withProvider(form({ baseUrl: 'https://x.example' }), { ...OWN, models: ['small'] })
    expect(next).toMatchObject({ provider: 'openai-compatible', model: 'small', baseUrl: '' })
    expect(keyServes(next, config)).toBe(false)
  })
})

describe('the stored key', () => {
  it('serves only its provider at its address', () => {
    expect(keyServes(form(), config)).toBe(true)
    expect(keyServes(form({ baseUrl: 'https://proxy.example' }), config)).toBe(false)
    expect(keyServes(form(), { ...config, api_key_set: false })).toBe(false)
  })
})

describe('problems', () => {
  it('are none in what was saved', () => {
    expect(problemsOf(form(), ANTHROPIC, config)).toEqual({})
  })

  it.each([
    ['temperature', { temperature: '2.1' }],
    ['temperature', { temperature: 'warm' }],
    ['maxTokens', { maxTokens: '0' }],
    ['maxTokens', { maxTokens: '1.5' }],
    ['steps', { steps: '0' }],
    ['permissions', { permissions: { bash: [{ pattern: '', action: 'ask' }] } }],
    ['model', { model: ' ' }],
    ['key', { key: { kind: 'replace', key: ' ' } }],
    ['key', { baseUrl: 'https://proxy.example' }],
  ] as const)('%s in %j', (field, over) => {
    expect(Object.keys(problemsOf(form(over as Partial<ConfigForm>), ANTHROPIC, config))).toEqual([field])
  })

  it('are none where the stored key is taken away on purpose', () => {
    expect(problemsOf(form({ key: { kind: 'remove' } }), ANTHROPIC, config)).toEqual({})
    const none = { ...config, api_key_set: false }
    expect(Object.keys(problemsOf(form({ key: { kind: 'remove' } }), ANTHROPIC, none))).toEqual(['key'])
  })

  it('include the address of a server of one’s own, and no key for it', () => {
    const own = form({ provider: OWN.id, key: { kind: 'keep' } })
    expect(Object.keys(problemsOf(own, OWN, null))).toEqual(['baseUrl'])
    expect(Object.keys(problemsOf({ ...own, baseUrl: 'ftp://x' }, OWN, null))).toEqual(['baseUrl'])
    expect(problemsOf({ ...own, baseUrl: 'http://127.0.0.1:8080/v1' }, OWN, null)).toEqual({})
  })

  it('begin with the provider when nothing was ever chosen', () => {
    expect(Object.keys(problemsOf(formOf(null), undefined, null))).toEqual(['provider', 'model'])
  })
})
