import { type QueryClient, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { rememberCard } from '@/api/cards'
import { describe } from '@/api/errors'
import { getTaskOptions } from '@/api/options'
import { attentionOptions, boardTasksOptions, type CardRef, queriesOf } from '@/api/queries'
import {
  answerPermission,
  answerQuestion,
  cancelTask,
  deleteSession,
  editQueued,
  executeTask,
  moveTask,
  rerunSession,
  sendFeedback,
  sendQueued,
  withdrawQueued,
} from '@/api/sdk'
import type { PermissionAnswer, QuestionAnswer, TaskStatus } from '@/api/types'
import { BOARD_MUTATION } from '@/realtime/cache'
import { toast } from '@/ui/toast'

function path({ projectId, taskId }: CardRef) {
  return { project: projectId, task: taskId }
}

export function cardOptions(card: CardRef, client: QueryClient) {
  return queryOptions({
    ...getTaskOptions({ path: path(card) }),
    placeholderData: () =>
      client.getQueryData(boardTasksOptions(card.projectId).queryKey)?.find(({ id }) => id === card.taskId),
  })
}

/** What a change of a card may have changed elsewhere; the WebSocket would say so a moment later. */
function refresh(client: QueryClient, { projectId }: CardRef): Promise<unknown> {
  const operations = [
    'getTask',
    'listTasks',
    'listTaskSessions',
    'listSessions',
    'listInteractions',
    'listTaskEvents',
    'getDiff',
  ]
  return Promise.all([
    client.invalidateQueries({ predicate: queriesOf(operations, projectId) }),
    client.invalidateQueries({ queryKey: attentionOptions().queryKey }),
  ])
}

function useCardMutation<V, R>(card: CardRef, send: (variables: V) => Promise<R>, failure: string) {
  const client = useQueryClient()
  return useMutation({
    mutationKey: [BOARD_MUTATION, card.projectId],
    mutationFn: send,
    onError: (error) => toast.error(failure, { description: describe(error).message }),
    onSettled: () => void refresh(client, card),
  })
}

export function useRun(card: CardRef) {
  return useCardMutation<void, unknown>(
    card,
    () => executeTask({ path: path(card) }),
    'The run could not be started',
  )
}

export function useCancel(card: CardRef) {
  return useCardMutation<void, unknown>(
    card,
    () => cancelTask({ path: path(card) }),
    'The run could not be cancelled',
  )
}

export function useRerun(card: CardRef, session: string) {
  return useCardMutation<'same' | 'active', unknown>(
    card,
    (config) => rerunSession({ path: { project: card.projectId, session }, body: { config } }),
    'The run could not be repeated',
  )
}

export function useDeleteRun(card: CardRef, session: string) {
  return useCardMutation<void, unknown>(
    card,
    () => deleteSession({ path: { project: card.projectId, session } }),
    'The run could not be deleted',
  )
}

export function useMove(card: CardRef) {
  const client = useQueryClient()
  return useCardMutation<TaskStatus, void>(
    card,
    async (status) => rememberCard(client, card, await moveTask({ path: path(card), body: { status } })),
    'The card could not be moved',
  )
}

export function useFeedback(card: CardRef) {
  return useCardMutation<string, unknown>(
    card,
    (message) => sendFeedback({ path: path(card), body: { message } }),
    'The message could not be sent',
  )
}

export function useEditQueued(card: CardRef, interaction: string) {
  return useCardMutation<string, unknown>(
    card,
    (message) => editQueued({ path: { ...path(card), interaction }, body: { message } }),
    'The message could not be changed',
  )
}

export function useWithdraw(card: CardRef, interaction: string) {
  return useCardMutation<void, unknown>(
    card,
    () => withdrawQueued({ path: { ...path(card), interaction } }),
    'The message could not be taken back',
  )
}

export function useSendQueued(card: CardRef) {
  return useCardMutation<void, unknown>(
    card,
    () => sendQueued({ path: path(card) }),
    'The messages could not be sent',
  )
}

export function useAnswerPermission(card: CardRef, interaction: string) {
  return useCardMutation<PermissionAnswer, unknown>(
    card,
    (body) => answerPermission({ path: { ...path(card), interaction }, body }),
    'The answer could not be given',
  )
}

export function useAnswerQuestion(card: CardRef, interaction: string) {
  return useCardMutation<QuestionAnswer, unknown>(
    card,
    (body) => answerQuestion({ path: { ...path(card), interaction }, body }),
    'The answer could not be given',
  )
}
