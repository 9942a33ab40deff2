import { describe, expect, it } from 'vitest'
import { agentProblems, canRunCards, EMPTY } from './agents'

const reviewer = { ...EMPTY, description: 'Reviews', prompt: 'You review.' }

describe('an agent of one’s own', () => {
  it('is right when it has a name, a description and a prompt', () => {
    expect(agentProblems('reviewer', reviewer, ['other'])).toEqual({})
  })

  it.each([
    ['name', 'Reviewer', reviewer],
    ['name', 'build', reviewer],
    ['name', 'other', reviewer],
    ['description', 'reviewer', { ...reviewer, description: ' ' }],
    ['prompt', 'reviewer', { ...reviewer, prompt: '' }],
    ['temperature', 'reviewer', { ...reviewer, temperature: 3 }],
    ['temperature', 'reviewer', { ...reviewer, temperature: Number.NaN }],
    ['steps', 'reviewer', { ...reviewer, steps: 0 }],
    ['steps', 'reviewer', { ...reviewer, steps: 1.5 }],
    ['steps', 'reviewer', { ...reviewer, steps: 1001 }],
    ['steps', 'reviewer', { ...reviewer, steps: Number.NaN }],
    ['rules', 'reviewer', { ...reviewer, permissions: { bash: [{ pattern: ' ', action: 'ask' as const }] } }],
  ])('has a wrong %s', (field, name, agent) => {
    expect(Object.keys(agentProblems(name, agent, ['other']))).toEqual([field])
  })

  it('runs cards unless it is only called by others', () => {
    expect(canRunCards(reviewer)).toBe(false)
    expect(canRunCards({ ...reviewer, mode: 'all' })).toBe(true)
  })
})
