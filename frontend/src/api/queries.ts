import type { Query, QueryKey } from '@tanstack/react-query'
import { queryOptions } from '@tanstack/react-query'
import {
  getStatesOptions,
  listAttentionOptions,
  listProjectsQueryKey,
  listSignInsQueryKey,
  listTasksQueryKey,
  listTemplatesQueryKey,
  listTokensQueryKey,
} from './options'
import { listProjects, listSignIns, listTasks, listTemplates, listTokens } from './sdk'

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

export function attentionOptions() {
  return listAttentionOptions()
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
    return listed === parent || (many && (path === '' || listed === path || listed.startsWith(`${path}/`)))
  }
}
