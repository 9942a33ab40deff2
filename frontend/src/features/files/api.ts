import { queryOptions, useMutation, useQueries, useQuery, useQueryClient } from '@tanstack/react-query'
import { useMemo } from 'react'
import { ApiError, describe } from '@/api/errors'
import { getTreeOptions } from '@/api/options'
import { queriesOf } from '@/api/queries'
import { deleteFile, makeDirectory, renameFile, writeFile } from '@/api/sdk'
import type { Entry } from '@/api/types'
import { toast } from '@/ui/toast'
import { readFile } from './model/content'

const RETRY_START = 1_500

/** The pod that holds the workspace is on its way up; asking has started it. */
export function isStarting(error: unknown): boolean {
  return error instanceof ApiError && error.details.reason === 'pod_starting'
}

function patient(failures: number, error: unknown): boolean {
  return !isStarting(error) && error instanceof ApiError && error.passing && failures < 2
}

function listing(projectId: string, path: string) {
  return queryOptions({
    ...getTreeOptions({ path: { project: projectId }, query: { path, max_depth: 1 } }),
    retry: patient,
    refetchInterval: (query) => (isStarting(query.state.error) ? RETRY_START : false),
  })
}

/** The root and every expanded directory, read one by one as they are needed. */
export function useListings(projectId: string, expanded: ReadonlySet<string>) {
  const directories = useMemo(() => [...expanded].sort(), [expanded])
  const root = useQuery(listing(projectId, ''))
  const inner = useQueries({
    queries: directories.map((path) => ({ ...listing(projectId, path), enabled: root.isSuccess })),
  })
  const listings = new Map<string, Entry[]>()
  if (root.data) listings.set('', root.data.entries)
  inner.forEach((query, index) => {
    const path = directories[index]
    if (path !== undefined && query.data) listings.set(path, query.data.entries)
  })
  const truncated = Boolean(root.data?.truncated) || inner.some((query) => query.data?.truncated)
  return { root, listings, truncated }
}

export function contentOptions(projectId: string, path: string) {
  return queryOptions({
    queryKey: [{ _id: 'getContent', path: { project: projectId } }, path],
    queryFn: ({ signal }) => readFile(projectId, path, signal),
    // Read when it comes to the front and when it is said to have changed; the text itself lives in a buffer.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    retry: patient,
    refetchInterval: (query) => (isStarting(query.state.error) ? RETRY_START : false),
  })
}

export function useRefreshTree(projectId: string) {
  const client = useQueryClient()
  return () => client.invalidateQueries({ predicate: queriesOf(['getTree'], projectId) })
}

function useTreeMutation<V>(projectId: string, send: (variables: V) => Promise<unknown>, failure: string) {
  const refresh = useRefreshTree(projectId)
  return useMutation({
    mutationFn: send,
    onError: (error) => toast.error(failure, { description: describe(error).message }),
    onSettled: () => void refresh(),
  })
}

export interface Creation {
  path: string
  directory: boolean
}

export function useCreate(projectId: string) {
  return useTreeMutation<Creation>(
    projectId,
    ({ path, directory }) =>
      directory
        ? makeDirectory({ path: { project: projectId }, body: { path } })
        : writeFile({ path: { project: projectId }, body: { path, content: '' } }),
    'It could not be created',
  )
}

export function useRename(projectId: string) {
  return useTreeMutation<{ path: string; to: string }>(
    projectId,
    (body) => renameFile({ path: { project: projectId }, body }),
    'It could not be renamed',
  )
}

export function useDelete(projectId: string) {
  return useTreeMutation<Entry>(
    projectId,
    ({ path, type }) =>
      deleteFile({ path: { project: projectId }, query: { path, recursive: type === 'directory' } }),
    'It could not be deleted',
  )
}
