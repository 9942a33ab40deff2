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

/** The card of an entry of the list of what waits for somebody. */
export function askedCard(item: {
  project_id: string
  project_slug: string
  task_id: string
  task_title: string
}): AskedCard {
  const url = `/p/${item.project_slug}/t/${item.task_id}`
  return { projectId: item.project_id, taskId: item.task_id, title: item.task_title, url }
}

export function canBeAnswered(kind: string | null | undefined): boolean {
  return kind === 'permission' || kind === 'question'
}
