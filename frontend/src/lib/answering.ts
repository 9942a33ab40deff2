/** What an agent asks can be answered from wherever a card is shown; the forms are elsewhere. */
import { createContext, useContext } from 'react'

export interface AskedCard {
  projectId: string
  taskId: string
  title: string
  /** Where the card is shown whole. */
  url: string
}

/** Opens the forms for what the agent of a card asks. */
export type Answering = (card: AskedCard) => void

export const AnsweringContext = createContext<Answering | null>(null)

/** Null where nobody offers the forms. */
export function useAnswering(): Answering | null {
  return useContext(AnsweringContext)
}

export function canBeAnswered(kind: string | null | undefined): boolean {
  return kind === 'permission' || kind === 'question'
}
