import type { Query, QueryKey } from '@tanstack/react-query'
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { isUnder } from '@/lib/paths'
import {
  getStatesOptions,
  listAttentionQueryKey,
  listConfigVersionsQueryKey,
  listDeletedTasksQueryKey,
  listInteractionsQueryKey,
  listProjectsQueryKey,
  listSignInsQueryKey,
  listTaskEventsQueryKey,
  listTaskSessionsQueryKey,
  listTasksQueryKey,
  listTemplatesQueryKey,
  listTokensQueryKey,
} from './options'
import {
  listAttention,
  listConfigVersions,
  listDeletedTasks,
  listInteractions,
  listProjects,
  listSignIns,
  listTaskEvents,
  listTaskSessions,
  listTasks,
  listTemplates,
  listTokens,
} from './sdk'

/** The largest page the server gives. */
const PAGE = 200

interface Page<T> {
  items: T[]
  next_cursor?: string | null
}

async function allPages<T>(read: (cursor?: string) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = []
  let cursor: string | undefined
  do {
    const page = await read(cursor)
    items.push(...page.items)
    cursor = page.next_cursor ?? undefined
  } while (cursor)
  return items
}

/** Every card of a board, in the server's order. `projectId` is the id, never the slug. */
export function boardTasksOptions(projectId: string) {
  return queryOptions({
    queryKey: [...listTasksQueryKey({ path: { project: projectId } }), 'all'],
    queryFn: ({ signal }) =>
      allPages((cursor) =>
        listTasks({ path: { project: projectId }, query: { limit: PAGE, cursor }, signal }),
      ),
  })
}

export function allProjectsOptions() {
  return queryOptions({
    queryKey: [...listProjectsQueryKey(), 'all'],
    queryFn: ({ signal }) => allPages((cursor) => listProjects({ query: { limit: PAGE, cursor }, signal })),
  })
}

export function archivedProjectsOptions() {
  return queryOptions({
    queryKey: [...listProjectsQueryKey({ query: { status: 'archived' } }), 'all'],
    queryFn: ({ signal }) =>
      allPages((cursor) => listProjects({ query: { limit: PAGE, cursor, status: 'archived' }, signal })),
  })
}

/** Every template for the cards of a project. */
export function templatesOptions(projectId: string) {
  return queryOptions({
    queryKey: [...listTemplatesQueryKey({ path: { project: projectId } }), 'all'],
    queryFn: ({ signal }) =>
      allPages((cursor) =>
        listTemplates({ path: { project: projectId }, query: { limit: PAGE, cursor }, signal }),
      ),
  })
}

export interface CardRef {
  projectId: string
  taskId: string
}

function ofCard({ projectId, taskId }: CardRef) {
  return { project: projectId, task: taskId }
}

/** Every exchange of a card, oldest first: what waits for an answer stands at the end. */
export function interactionsOptions(card: CardRef) {
  const path = ofCard(card)
  return queryOptions({
    queryKey: [...listInteractionsQueryKey({ path }), 'all'],
    queryFn: ({ signal }) =>
      allPages((cursor) => listInteractions({ path, query: { limit: PAGE, cursor }, signal })),
  })
}

/** Every run of a card, newest first; each may be named in an address. */
export function runsOptions(card: CardRef) {
  const path = ofCard(card)
  return queryOptions({
    queryKey: [...listTaskSessionsQueryKey({ path }), 'all'],
    queryFn: ({ signal }) =>
      allPages((cursor) => listTaskSessions({ path, query: { limit: PAGE, cursor }, signal })),
  })
}

/** For lists that are read on by hand. */
const byHand = {
  initialPageParam: '',
  getNextPageParam: (last: Page<unknown>) => last.next_cursor ?? undefined,
}

/** What happened to a card, newest first. */
export function historyOptions(card: CardRef) {
  const path = ofCard(card)
  return infiniteQueryOptions({
    queryKey: [...listTaskEventsQueryKey({ path }), 'pages'],
    queryFn: ({ pageParam, signal }) =>
      listTaskEvents({ path, query: { limit: PAGE, cursor: pageParam || undefined }, signal }),
    ...byHand,
  })
}

/** The deleted cards of a board that can still be restored, the last one first. */
export function deletedTasksOptions(projectId: string) {
  const path = { project: projectId }
  return infiniteQueryOptions({
    queryKey: [...listDeletedTasksQueryKey({ path }), 'pages'],
    queryFn: ({ pageParam, signal }) =>
      listDeletedTasks({ path, query: { limit: PAGE, cursor: pageParam || undefined }, signal }),
    ...byHand,
    staleTime: 0,
  })
}

/** The versions of a project's configuration, newest first. */
export function versionsOptions(projectId: string) {
  const path = { project: projectId }
  return infiniteQueryOptions({
    queryKey: [...listConfigVersionsQueryKey({ path }), 'pages'],
    queryFn: ({ pageParam, signal }) =>
      listConfigVersions({ path, query: { limit: PAGE, cursor: pageParam || undefined }, signal }),
    ...byHand,
  })
}

/** Every browser that this person is signed in at. */
export function signInsOptions() {
  return queryOptions({
    queryKey: [...listSignInsQueryKey(), 'all'],
    queryFn: ({ signal }) => allPages((cursor) => listSignIns({ query: { limit: PAGE, cursor }, signal })),
    staleTime: 0,
  })
}

/** Every access token of this person. */
export function tokensOptions() {
  return queryOptions({
    queryKey: [...listTokensQueryKey(), 'all'],
    queryFn: ({ signal }) => allPages((cursor) => listTokens({ query: { limit: PAGE, cursor }, signal })),
    staleTime: 0,
  })
}

/** All that waits, in the form of one page. */
export function attentionOptions() {
  return queryOptions({
    queryKey: listAttentionQueryKey(),
    queryFn: async ({ signal }) => ({
      items: await allPages((cursor) => listAttention({ query: { limit: PAGE, cursor }, signal })),
      next_cursor: null,
    }),
  })
}

export function statesOptions() {
  return { ...getStatesOptions(), staleTime: Number.POSITIVE_INFINITY }
}

interface GeneratedKey {
  _id?: string
  path?: Record<string, unknown>
  query?: Record<string, unknown>
}

function head(key: QueryKey): GeneratedKey {
  return (key[0] as GeneratedKey | undefined) ?? {}
}

/** Matches generated queries by operation and, if given, by an id in their path (a project's or a card's). */
export function queriesOf(operations: string[] | null, id?: string) {
  return (query: Query): boolean => {
    const { _id, path } = head(query.queryKey)
    if (operations && !(_id && operations.includes(_id))) return false
    return id === undefined || Object.values(path ?? {}).includes(id)
  }
}

/** Matches the listings in which a file stands; with `many`, those of a folder and of all beneath it, too. */
export function listingsOf(projectId: string, path: string, many: boolean) {
  const parent = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : ''
  const isTree = queriesOf(['getTree'], projectId)
  return (query: Query): boolean => {
    if (!isTree(query)) return false
    const listed = String(head(query.queryKey).query?.path ?? '')
    return listed === parent || (many && isUnder(listed, path))
  }
}

/** Matches the content of an open file: what is told of a folder above it holds for all that is in it. */
export function contentsOf(projectId: string, path: string) {
  const isContent = queriesOf(['getContent'], projectId)
  return (query: Query): boolean => isContent(query) && isUnder(String(query.queryKey[1]), path)
}

/** Matches what was committed last of a file, of all files beneath a folder, or of every file after a commit. */
export function originalsOf(projectId: string, path: string) {
  const isOriginal = queriesOf(['getOriginal'], projectId)
  // Of git's own directory only that is told in which a commit or a checkout shows.
  const folder = path === '.git' ? '' : path
  return (query: Query): boolean =>
    isOriginal(query) && isUnder(String(head(query.queryKey).query?.path ?? ''), folder)
}
