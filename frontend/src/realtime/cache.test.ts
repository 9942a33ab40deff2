import { QueryClient } from '@tanstack/react-query'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { getOriginalQueryKey, getTaskOptions, getTreeOptions, listInteractionsOptions } from '@/api/options'
import { allProjectsOptions, attentionOptions, boardTasksOptions } from '@/api/queries'
import type { AnyBoardEvent } from '@/api/types'
import { aProject, aTask } from '@/testing/builders'
import { page } from '@/testing/server'
import { ActivityStore } from './activity'
import { BOARD_MUTATION, CacheUpdater } from './cache'
import { cloning } from './cloning'

const AT = '2026-01-01T12:00:00Z'
const project = aProject({ id: 'p', pod_status: 'pending' })
const task = aTask({ id: 't', project_id: 'p', version: 3 })
const board = boardTasksOptions('p').queryKey
const one = getTaskOptions({ path: { project: 'p', task: 't' } }).queryKey
const asks = listInteractionsOptions({ path: { project: 'p', task: 't' } }).queryKey
const tree = getTreeOptions({ path: { project: 'p' } }).queryKey

let client: QueryClient
let cache: CacheUpdater

beforeEach(() => {
  vi.useFakeTimers()
  client = new QueryClient()
  client.setQueryData(allProjectsOptions().queryKey, [project, aProject({ id: 'other' })])
  client.setQueryData(attentionOptions().queryKey, page([]))
  client.setQueryData(board, [task, aTask({ id: 'u' })])
  client.setQueryData(one, task)
  client.setQueryData(asks, page([]))
  client.setQueryData(tree, { path: '', entries: [] })
  cache = new CacheUpdater(client, 50)
})

afterEach(() => vi.useRealTimers())

const hear = (event: Record<string, unknown>) =>
  cache.apply({ projectId: 'p', timestamp: AT, ...event } as unknown as AnyBoardEvent)
const stale = (key: readonly unknown[]) => client.getQueryState(key)?.isInvalidated ?? false

test('the state of a pod is written where projects are shown, and nothing is read again for it', () => {
  hear({ type: 'pod_status', status: 'failed', reason: 'out of memory' })
  const [changed, other] = client.getQueryData(allProjectsOptions().queryKey) ?? []
  expect(changed).toMatchObject({ pod_status: 'failed', pod_reason: 'out of memory' })
  expect(other?.pod_status).toBe('running')
  vi.advanceTimersByTime(50)
  expect(stale(board)).toBe(false)
})

test('a card changes column at once, and is then read again with all that counts it', () => {
  hear({ type: 'task_status_changed', taskId: 't', oldStatus: 'todo', newStatus: 'in_progress', version: 4 })
  expect(client.getQueryData(board)?.[0]).toMatchObject({ status: 'in_progress', version: 4 })
  expect(stale(board)).toBe(false)
  vi.advanceTimersByTime(50)
  for (const key of [board, one, allProjectsOptions().queryKey, attentionOptions().queryKey]) {
    expect(stale(key)).toBe(true)
  }
  expect(stale(tree)).toBe(false)
})

test('the progress of a clone is told without reading anything again; its end is written and read', () => {
  hear({ type: 'workspace_changed', state: 'cloning', phase: 'receiving', percent: 40 })
  expect(cloning.get('p')).toEqual({ phase: 'receiving', percent: 40 })
  vi.advanceTimersByTime(50)
  expect(stale(allProjectsOptions().queryKey)).toBe(false)
  hear({ type: 'workspace_changed', state: 'failed', reason: 'No such branch.' })
  expect(cloning.get('p')).toBeUndefined()
  expect(client.getQueryData(allProjectsOptions().queryKey)?.[0]).toMatchObject({
    workspace_state: 'failed',
    workspace_reason: 'No such branch.',
  })
  vi.advanceTimersByTime(50)
  expect([stale(board), stale(allProjectsOptions().queryKey)]).toEqual([true, true])
})

test('news older than what is known changes nothing', () => {
  hear({ type: 'task_status_changed', taskId: 't', oldStatus: 'done', newStatus: 'todo', version: 3 })
  hear({ type: 'task_status_changed', taskId: 't', oldStatus: 'todo', newStatus: 'done', version: 2 })
  expect(client.getQueryData(board)?.[0]).toMatchObject({ status: 'todo', version: 3 })
})

test('a deleted card is gone at once', () => {
  hear({ type: 'task_changed', taskId: 't', change: 'deleted', version: 4 })
  expect(client.getQueryData(board)?.map(({ id }) => id)).toEqual(['u'])
})

test('an ask makes the asks and the attention be read again, a file the tree', () => {
  hear({
    type: 'interaction_changed',
    taskId: 't',
    sessionId: null,
    interactionId: 'i',
    kind: 'question',
    state: 'pending',
  })
  vi.advanceTimersByTime(50)
  expect([stale(asks), stale(attentionOptions().queryKey), stale(tree)]).toEqual([true, true, false])
  hear({ type: 'file_changed', path: 'a', operation: 'create' })
  vi.advanceTimersByTime(50)
  expect(stale(tree)).toBe(true)
})

test('of many open folders only those are read again in which something changed', () => {
  const listing = (path: string) =>
    getTreeOptions({ path: { project: 'p' }, query: { path, max_depth: 1 } }).queryKey
  const folders = ['src', 'src/app', 'srcs', 'docs']
  const read = () => {
    for (const path of folders) client.setQueryData(listing(path), { path, entries: [], truncated: false })
  }
  const again = () => folders.filter((path) => stale(listing(path)))
  read()
  hear({ type: 'file_changed', path: 'src/app/main.py', operation: 'modify' })
  vi.advanceTimersByTime(50)
  expect(again()).toEqual(['src/app'])
  read()
  hear({ type: 'file_changed', path: 'src', operation: 'modify', many: true })
  vi.advanceTimersByTime(50)
  expect(again()).toEqual(['src', 'src/app'])
  hear({ type: 'file_changed', path: '', operation: 'modify', many: true })
  vi.advanceTimersByTime(50)
  expect(again()).toEqual(folders)
})

test.each([
  [{ path: 'src/app/main.py' }, ['src/app/main.py']],
  [{ path: 'src/app' }, ['src/app/main.py']],
  [{ path: 'src', many: true }, ['src/app/main.py', 'src/b.py']],
  [{ path: '.git' }, ['src/app/main.py', 'src/b.py', 'srcs']],
  [{ path: '', many: true }, ['src/app/main.py', 'src/b.py', 'srcs']],
  [{ path: 'docs', many: true }, []],
])('what was committed last is read again for %j', (event, expected) => {
  const original = (path: string) => getOriginalQueryKey({ path: { project: 'p' }, query: { path } })
  const files = ['src/app/main.py', 'src/b.py', 'srcs']
  for (const path of files) client.setQueryData(original(path), new Blob())
  hear({ type: 'file_changed', operation: 'modify', ...event })
  vi.advanceTimersByTime(50)
  expect(files.filter((path) => stale(original(path)))).toEqual(expected)
})

test('output costs no reading', () => {
  const invalidate = vi.spyOn(client, 'invalidateQueries')
  hear({ type: 'session_output', taskId: 't', sessionId: 's', output: 'x', seq: 1 })
  vi.advanceTimersByTime(1000)
  expect(invalidate).not.toHaveBeenCalled()
})

test('a burst of the same news is read once', () => {
  const invalidate = vi.spyOn(client, 'invalidateQueries')
  for (let version = 4; version < 40; version += 1) {
    hear({ type: 'task_changed', taskId: 't', change: 'updated', version })
  }
  vi.advanceTimersByTime(50)
  expect(invalidate).toHaveBeenCalledTimes(2)
})

test('while a card is being moved nothing overwrites where it was put', async () => {
  let settle: () => void = () => {}
  const mutation = client.getMutationCache().build(client, {
    mutationKey: [BOARD_MUTATION, 'p'],
    mutationFn: () => new Promise<void>((done) => (settle = done)),
  })
  const running = mutation.execute(undefined)
  await vi.advanceTimersByTimeAsync(0)
  hear({ type: 'task_changed', taskId: 't', change: 'moved', version: 4 })
  await vi.advanceTimersByTimeAsync(200)
  expect(stale(board)).toBe(false)
  settle()
  await running
  await vi.advanceTimersByTimeAsync(50)
  expect(stale(board)).toBe(true)
})

test('a reset makes everything of that project be read again', () => {
  cache.reset('p')
  expect([stale(board), stale(one), stale(tree)]).toEqual([true, true, true])
})

test('activity keeps the end of the newest line and forgets the run before', () => {
  const store = new ActivityStore()
  const heard = vi.fn()
  const stop = store.listen('t', heard)
  store.note('t', 's1', 'first\nsec', 1)
  store.note('t', 's1', 'ond', 2)
  expect(store.get('t')).toMatchObject({ line: 'second', at: 2 })
  store.note('t', 's2', `${'x'.repeat(100)}end\n`, 3)
  expect(store.get('t')?.line).toHaveLength(81)
  expect(store.get('t')?.line).toMatch(/^…x+end$/)
  expect(heard).toHaveBeenCalledTimes(3)
  stop()
  store.note('t', 's2', 'more', 4)
  expect(heard).toHaveBeenCalledTimes(3)
})
