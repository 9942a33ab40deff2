import {
  queryOptions,
  type UseQueryResult,
  useMutation,
  useQueries,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query'
import { useMemo } from 'react'
import { ApiError, describe } from '@/api/errors'
import { getTreeOptions } from '@/api/options'
import { queriesOf } from '@/api/queries'
import { deleteFile, getTree, makeDirectory, renameFile, writeFile } from '@/api/sdk'
import type { Entry } from '@/api/types'
import { toast } from '@/ui/toast'
import { readFile } from './model/content'
import { sorted } from './model/tree'

const RETRY_START = 1_500

/** The pod that holds the workspace is on its way up; asking has started it. */
export function isStarting(error: unknown): boolean {
  return error instanceof ApiError && error.details.reason === 'pod_starting'
}

function patient(failures: number, error: unknown): boolean {
  return !isStarting(error) && error instanceof ApiError && error.passing && failures < 2
}

interface Listing {
  entries: Entry[]
  /** Where the part that was not read yet begins. */
  next: string | null
  /** It was cut short, and there is no way on. */
  cut: boolean
  pages: number
}

async function readPage(projectId: string, path: string, before?: Listing, signal?: AbortSignal) {
  const query = { path, max_depth: 1, after: before?.next ?? undefined }
  const page = await getTree({ path: { project: projectId }, query, signal })
  const next = page.next ?? null
  return {
    entries: sorted(before ? [...before.entries, ...page.entries] : page.entries),
    next,
    cut: Boolean(page.truncated) && next === null,
    pages: (before?.pages ?? 0) + 1,
  }
}

function listing(projectId: string, path: string) {
  const queryKey = getTreeOptions({ path: { project: projectId }, query: { path, max_depth: 1 } }).queryKey
  return queryOptions({
    queryKey: [...queryKey, 'pages'],
    queryFn: async ({ client, queryKey: key, signal }) => {
      // As far as it was read before: what was asked for stays.
      const wanted = client.getQueryData<Listing>(key)?.pages ?? 1
      let read: Listing = await readPage(projectId, path, undefined, signal)
      while (read.next !== null && read.pages < wanted) read = await readPage(projectId, path, read, signal)
      return read
    },
    retry: patient,
    refetchInterval: (query) => (isStarting(query.state.error) ? RETRY_START : false),
  })
}

/** Reads on in a directory that was too large for one answer. */
export function useShowMore(projectId: string) {
  const client = useQueryClient()
  const { mutate, isPending } = useMutation({
    mutationFn: async (path: string) => {
      const { queryKey } = listing(projectId, path)
      const before = client.getQueryData(queryKey)
      if (!before?.next) return
      const longer = await readPage(projectId, path, before)
      // A reading that has begun since would end with as many pages as there were when it began.
      const reading = client.isFetching({ queryKey }) > 0
      await client.cancelQueries({ queryKey })
      client.setQueryData(queryKey, longer)
      if (reading) await client.invalidateQueries({ queryKey })
    },
    onError: (error) =>
      toast.error('The folder could not be read on', { description: describe(error).message }),
  })
  return { showMore: (path: string) => !isPending && mutate(path), busy: isPending }
}

/** The root and every expanded directory, read one by one as they are needed. */
export function useListings(projectId: string, expanded: ReadonlySet<string>) {
  const directories = useMemo(() => [...expanded].sort(), [expanded])
  const root = useQuery(listing(projectId, ''))
  const inner = useQueries({
    queries: directories.map((path) => ({ ...listing(projectId, path), enabled: root.isSuccess })),
    combine: dataOf,
  })
  const tree = useMemo(() => treeOf(root.data, directories, inner), [root.data, directories, inner])
  return { root, ...tree }
}

/** The same array for as long as nothing in it is read anew. */
function dataOf(queries: UseQueryResult<Listing>[]) {
  return queries.map(({ data }) => data)
}

function treeOf(root: Listing | undefined, directories: string[], inner: (Listing | undefined)[]) {
  const read = new Map<string, Listing>()
  if (root) read.set('', root)
  directories.forEach((path, index) => {
    const found = inner[index]
    if (found) read.set(path, found)
  })
  return {
    listings: new Map([...read].map(([path, { entries }]) => [path, entries])),
    longer: new Set([...read].filter(([, { next }]) => next !== null).map(([path]) => path)),
    truncated: [...read.values()].some(({ cut }) => cut),
  }
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
