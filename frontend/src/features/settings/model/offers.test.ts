import { describe, expect, it } from 'vitest'
import type { ModelOffer } from '@/api/types'
import { factsOf, offersOf } from './offers'

const offer = (over: Partial<ModelOffer> = {}): ModelOffer => ({
  provider: 'anthropic',
  provider_name: 'Anthropic',
  model: 'claude',
  name: 'Claude',
  source: 'pod',
  ...over,
})

describe('models to choose from', () => {
  it('are those of one provider', () => {
    expect(offersOf([offer(), offer({ provider: 'openai' })], 'anthropic')).toEqual([offer()])
    expect(offersOf(undefined, 'anthropic')).toEqual([])
  })

  it('say size and price as far as they are known', () => {
    expect(factsOf(offer({ context: 200_000, price_input: 3, price_output: 15, reasoning: true }))).toBe(
      '200K context · $3.00 in, $15.00 out per million tokens · reasons',
    )
    expect(factsOf(offer({ price_input: 0, price_output: 0, tool_call: false }))).toBe(
      'no price · cannot use tools',
    )
    expect(factsOf(offer())).toBe('')
  })
})
