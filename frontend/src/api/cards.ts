import type { QueryClient } from '@tanstack/react-query'
import { getTaskQueryKey } from './options'
import { boardTasksOptions, type CardRef } from './queries'
import type { Task } from './types'

/** Puts a card that the server answered with where it is shown. */
export function rememberCard(client: QueryClient, { projectId, taskId }: CardRef, card: Task): void {
  client.setQueryData(getTaskQueryKey({ path: { project: projectId, task: taskId } }), card)
  client.setQueryData(boardTasksOptions(projectId).queryKey, (cards) =>
    cards?.map((other) => (other.id === card.id ? card : other)),
  )
}
