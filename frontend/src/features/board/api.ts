import { useMutation, useQueryClient } from '@tanstack/react-query'
import { describe } from '@/api/errors'
import { allProjectsOptions, attentionOptions, boardTasksOptions } from '@/api/queries'
import { cancelTask, createTask, deleteTask, executeTask, moveTask } from '@/api/sdk'
import type { MoveTask, NewTask, Task, TaskStatus } from '@/api/types'
import { BOARD_MUTATION } from '@/realtime/cache'
import { toast } from '@/ui/toast'
import { columnsOf, LABELS, neighbours, withMoved } from './model'
import { UNDO_MS, useBulk } from './useBulk'

/** Changes the cards at once, and on refusal puts them back and says why. */
function useOptimistic<V>(
  projectId: string,
  send: (variables: V) => Promise<unknown>,
  change: (tasks: Task[], variables: V) => Task[],
  failure: (variables: V) => string,
  done?: (variables: V) => void,
) {
  const client = useQueryClient()
  const key = boardTasksOptions(projectId).queryKey
  return useMutation({
    mutationKey: [BOARD_MUTATION, projectId],
    mutationFn: send,
    onMutate: async (variables) => {
      await client.cancelQueries({ queryKey: key })
      const snapshot = client.getQueryData(key) ?? []
      client.setQueryData(key, change(snapshot, variables))
      return { snapshot }
    },
    onSuccess: (_, variables) => done?.(variables),
    onError: (error, variables, context) => {
      if (context) client.setQueryData(key, context.snapshot)
      toast.error(failure(variables), { description: describe(error).message })
    },
    onSettled: () => {
      // While a later move is under way, its answer will bring the truth for both.
      if (client.isMutating({ mutationKey: [BOARD_MUTATION, projectId] }) > 1) return
      void client.invalidateQueries({ queryKey: key })
      void client.invalidateQueries({ queryKey: allProjectsOptions().queryKey })
      void client.invalidateQueries({ queryKey: attentionOptions().queryKey })
    },
  })
}

interface Placed {
  task: Task
  status: TaskStatus
  /** Among the column's other cards. */
  index: number
  body: MoveTask
}

/** Gives the function that puts a card at a place of a column. */
export function useMoveCard(projectId: string) {
  const client = useQueryClient()
  const { mutate } = useOptimistic<Placed>(
    projectId,
    ({ task, body }) => moveTask({ path: { project: projectId, task: task.id }, body }),
    (tasks, { task, status, index }) => withMoved(tasks, task.id, status, index),
    ({ task, status }) => `“${task.title}” could not go to ${LABELS[status]}`,
  )
  return (task: Task, status: TaskStatus, index: number) => {
    const tasks = client.getQueryData(boardTasksOptions(projectId).queryKey) ?? []
    const column = columnsOf(tasks)[status]
    mutate({ task, status, index, body: { status, ...neighbours(column, task.id, index) } })
  }
}

export function useExecuteCard(projectId: string) {
  return useOptimistic<Task>(
    projectId,
    (task) => executeTask({ path: { project: projectId, task: task.id } }),
    (tasks, task) => withMoved(tasks, task.id, 'in_progress', Number.POSITIVE_INFINITY),
    (task) => `“${task.title}” could not be started`,
  )
}

/** The card stays in its column until the agent has stopped; only then does the server move it. */
export function useCancelRun(projectId: string) {
  return useOptimistic<Task>(
    projectId,
    (task) => cancelTask({ path: { project: projectId, task: task.id } }),
    (tasks) => tasks,
    (task) => `The run of “${task.title}” could not be cancelled`,
  )
}

/** Deletes at once, so that nothing is lost with the page, and offers to restore the card. */
export function useDeleteCard(projectId: string) {
  const { change } = useBulk(projectId)
  return useOptimistic<Task>(
    projectId,
    (task) => deleteTask({ path: { project: projectId, task: task.id } }),
    (tasks, task) => tasks.filter((other) => other.id !== task.id),
    (task) => `“${task.title}” could not be deleted`,
    (task) =>
      toast.success(`Deleted “${task.title}”`, {
        duration: UNDO_MS,
        action: { label: 'Undo', onClick: () => change({ action: 'restore', tasks: [task] }) },
      }),
  )
}

export interface Created {
  task: Task
  /** Why the card was made but its run was not started. */
  notStarted: unknown
}

export function useCreateCard(projectId: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async ({ card, run }: { card: NewTask; run: boolean }): Promise<Created> => {
      const task = await createTask({ path: { project: projectId }, body: card })
      if (!run) return { task, notStarted: null }
      const started = executeTask({ path: { project: projectId, task: task.id } })
      return {
        task,
        notStarted: await started.then(
          () => null,
          (error: unknown) => error,
        ),
      }
    },
    onSuccess: () => client.invalidateQueries({ queryKey: boardTasksOptions(projectId).queryKey }),
  })
}
