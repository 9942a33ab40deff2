import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { ApiError, describe } from '@/api/errors'
import { listTerminalsOptions } from '@/api/options'
import { queriesOf } from '@/api/queries'
import { closeTerminal, updateTerminal } from '@/api/sdk'
import { toast } from '@/ui/toast'

const STARTING_RETRY = 1_500
/** Others open and close terminals too, and shells end. */
const LOOK_AGAIN = 10_000

export function isStarting(error: unknown): boolean {
  return error instanceof ApiError && error.details.reason === 'pod_starting'
}

function patient(failures: number, error: unknown): boolean {
  return !isStarting(error) && error instanceof ApiError && error.passing && failures < 2
}

export function terminalsOptions(projectId: string) {
  return queryOptions({
    ...listTerminalsOptions({ path: { project: projectId } }),
    staleTime: 0,
    retry: patient,
    refetchInterval: (query) => (isStarting(query.state.error) ? STARTING_RETRY : LOOK_AGAIN),
  })
}

export function useRefresh(projectId: string) {
  const client = useQueryClient()
  return () => client.invalidateQueries({ predicate: queriesOf(['listTerminals'], projectId) })
}

function useOrder<V, R>(projectId: string, send: (variables: V) => Promise<R>, failure: string) {
  const refresh = useRefresh(projectId)
  return useMutation({
    mutationFn: send,
    onError: (error) => toast.error(failure, { description: describe(error).message }),
    onSettled: () => refresh(),
  })
}

export function useTitle(projectId: string) {
  return useOrder(
    projectId,
    ({ terminal, title }: { terminal: string; title: string }) =>
      updateTerminal({ path: { project: projectId, terminal }, body: { title } }),
    'The terminal could not be renamed',
  )
}

export function useClose(projectId: string) {
  return useOrder(
    projectId,
    (terminal: string) => closeTerminal({ path: { project: projectId, terminal } }),
    'The terminal could not be closed',
  )
}
