/** Models to choose from, as words for a list. Pure. */
import type { ModelOffer } from '@/api/types'

const COMPACT = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })
const PRICE = new Intl.NumberFormat('en', { style: 'currency', currency: 'USD', maximumFractionDigits: 3 })

export function offersOf(models: ModelOffer[] | undefined, provider: string): ModelOffer[] {
  return (models ?? []).filter((offer) => offer.provider === provider)
}

/** Such as "200K context · $3.00 in, $15.00 out per million tokens"; empty when nothing is known. */
export function factsOf(offer: ModelOffer): string {
  const facts: string[] = []
  if (offer.context) facts.push(`${COMPACT.format(offer.context)} context`)
  if (offer.price_input != null && offer.price_output != null) {
    const free = offer.price_input === 0 && offer.price_output === 0
    facts.push(
      free
        ? 'no price'
        : `${PRICE.format(offer.price_input)} in, ${PRICE.format(offer.price_output)} out per million tokens`,
    )
  }
  if (offer.reasoning) facts.push('reasons')
  if (offer.tool_call === false) facts.push('cannot use tools')
  return facts.join(' · ')
}
