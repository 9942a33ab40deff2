import { createContext, useContext } from 'react'
import type { CardRef } from '@/api/queries'

const CardContext = createContext<CardRef | null>(null)

export const CardProvider = CardContext.Provider

/** Which card the panel shows. */
export function useCard(): CardRef {
  const card = useContext(CardContext)
  if (!card) throw new Error('useCard needs a CardProvider above it')
  return card
}
