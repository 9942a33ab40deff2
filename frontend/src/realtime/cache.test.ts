import { QueryClient, QueryObserver } from '@tanstack/react-query'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import {
  getConfigStateQueryKey,
  getOriginalQueryKey,
  getPodQueryKey,
  getTaskOptions,
  getTreeOptions,
  listInteractionsOptions,
  listModelsQueryKey,
  listTerminalsQueryKey,
} from '@/api/options'
import { allProjectsOptions, attentionOptions, boardTasksOptions } from '@/api/queries'
import type { AnyBoardEvent } from '@/api/types'
import { contentOptions } from '@/features/files/api'
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
  vi.advanceTimersByTime(1000)
  expect(again()).toEqual(['src', 'src/app'])
  hear({ type: 'file_changed', path: '', operation: 'modify', many: true })
  vi.advanceTimersByTime(1000)
  expect(again()).toEqual(folders)
})

test('files that change all the time are read again soon, and then once a second', () => {
  const read = vi.spyOn(client, 'invalidateQueries')
  const write = () => hear({ type: 'file_changed', path: 'a', operation: 'modify' })
  write()
  vi.advanceTimersByTime(50)
  const once = read.mock.calls.length
  expect(once).toBeGreaterThan(0)
  for (let passed = 0; passed < 3000; passed += 100) {
    write()
    vi.advanceTimersByTime(100)
  }
  expect(read).toHaveBeenCalledTimes(4 * once)
})

test('a listing slower than the agent writes arrives all the same, and one more follows it', async () => {
  const key = getTreeOptions({ path: { project: 'p' }, query: { path: '', max_depth: 1 } }).queryKey
  const signals: AbortSignal[] = []
  let answers = 0
  const observer = new QueryObserver(client, {
    queryKey: key,
    retry: false,
    queryFn: async ({ signal }) => {
      signals.push(signal)
      await new Promise((done) => setTimeout(done, 5000))
      answers += 1
      return { path: '', entries: [] }
    },
  })
  const stop = observer.subscribe(() => {})
  for (let passed = 0; passed < 4000; passed += 100) {
    hear({ type: 'file_changed', path: 'a', operation: 'modify' })
    await vi.advanceTimersByTimeAsync(100)
  }
  await vi.advanceTimersByTimeAsync(20_000)
  expect([signals.length, answers]).toEqual([2, 2])
  expect(signals.some(({ aborted }) => aborted)).toBe(false)
  expect(stale(key)).toBe(false)
  stop()
})

test.each([
  [{ path: 'src/app/main.py' }, ['src/app/main.py']],
  [{ path: 'src/app' }, ['src/app/main.py']],
  [{ path: '', many: true }, ['src/app/main.py', 'src/b.py']],
  [{ path: 'src/b.py.bak' }, []],
])('the open files are read again for %j', (event, expected) => {
  const files = ['src/app/main.py', 'src/b.py']
  const content = (path: string) => contentOptions('p', path).queryKey
  for (const path of files) client.setQueryData(content(path), {} as never)
  hear({ type: 'file_changed', operation: 'modify', ...event })
  vi.advanceTimersByTime(50)
  expect(files.filter((path) => stale(content(path)))).toEqual(expected)
})

test('a pod that starts says which models it has, what it runs and which terminals are open', () => {
  const path = { project: 'p' }
  const keys = [
    listModelsQueryKey({ path }),
    getConfigStateQueryKey({ path }),
    listTerminalsQueryKey({ path }),
    getPodQueryKey({ path }),
  ]
  for (const key of keys) client.setQueryData(key, {} as never)
  hear({ type: 'pod_status', status: 'running' })
  vi.advanceTimersByTime(50)
  expect(keys.map(stale)).toEqual([true, true, true, true])
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
