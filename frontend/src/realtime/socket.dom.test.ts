import { HttpResponse, http } from 'msw'
import { afterEach, beforeEach, expect, type Mocked, test, vi } from 'vitest'
import { ORIGIN, refusal, server } from '@/testing/server'
import { FakeWebSocket } from '@/testing/socket'
import { backoff } from './backoff'
import { BoardSocket, type ConnectionState, type SocketHandlers } from './socket'

let states: ConnectionState[]
let handlers: Mocked<SocketHandlers>
let socket: BoardSocket

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  states = []
  handlers = {
    onEvent: vi.fn(),
    onReset: vi.fn(),
    onState: vi.fn((state) => void states.push(state)),
    onRestart: vi.fn(),
    onSignedOut: vi.fn(),
  }
  socket = new BoardSocket('ws://opm.test/api/ws', handlers)
})

afterEach(() => {
  socket.stop()
  vi.useRealTimers()
})

const welcome = (name = 'one') => FakeWebSocket.latest.say({ type: 'welcome', server: name })
const subscribed = (id: string) => FakeWebSocket.latest.say({ type: 'subscribed', project_id: 'p', id })
const event = { type: 'project_changed', projectId: 'p', timestamp: '', change: 'updated' }

test('subscriptions made before the welcome are sent with it', () => {
  socket.subscribe('p')
  socket.start()
  expect(FakeWebSocket.latest.sent).toEqual([])
  welcome()
  expect(FakeWebSocket.latest.sent).toEqual([{ type: 'subscribe', project_id: 'p', after: null }])
  expect(states).toEqual(['connecting', 'live'])
})

test('after a lost line it resumes behind the last event it saw', () => {
  socket.start()
  welcome()
  socket.subscribe('p')
  subscribed('5')
  FakeWebSocket.latest.say({ id: '6', event })
  expect(handlers.onEvent).toHaveBeenCalledWith(event)
  FakeWebSocket.latest.close(1006)
  vi.advanceTimersByTime(500)
  welcome()
  expect(FakeWebSocket.all).toHaveLength(2)
  expect(FakeWebSocket.latest.sent).toEqual([{ type: 'subscribe', project_id: 'p', after: '6' }])
  expect(states).toEqual(['connecting', 'live', 'reconnecting', 'live'])
  expect(handlers.onRestart).not.toHaveBeenCalled()
})

test('a first subscription, and a stream that cannot be resumed, make the project be read anew', () => {
  socket.subscribe('p')
  socket.start()
  welcome()
  subscribed('5')
  expect(handlers.onReset).toHaveBeenCalledTimes(1)
  subscribed('5')
  expect(handlers.onReset).toHaveBeenCalledTimes(1)
  FakeWebSocket.latest.say({ type: 'reset', project_id: 'p' })
  expect(handlers.onReset).toHaveBeenCalledTimes(2)
})

test('another server than before is noticed', () => {
  socket.start()
  welcome('one')
  FakeWebSocket.latest.close(1012)
  vi.advanceTimersByTime(500)
  welcome('two')
  expect(handlers.onRestart).toHaveBeenCalledOnce()
})

test('a project is left when its last holder lets go', () => {
  socket.start()
  welcome()
  const first = socket.subscribe('p')
  const second = socket.subscribe('p')
  first()
  first()
  expect(FakeWebSocket.latest.sent.at(-1)).toMatchObject({ type: 'subscribe' })
  second()
  expect(FakeWebSocket.latest.sent.at(-1)).toEqual({ type: 'unsubscribe', project_id: 'p' })
})

test('a reader that was too slow comes back at once', () => {
  socket.start()
  welcome()
  FakeWebSocket.latest.close(4408)
  vi.advanceTimersByTime(0)
  expect(FakeWebSocket.all).toHaveLength(2)
})

test('a line that says nothing is given up', () => {
  socket.start()
  welcome()
  vi.advanceTimersByTime(30_000)
  FakeWebSocket.latest.say({ type: 'ping' })
  vi.advanceTimersByTime(30_000)
  expect(FakeWebSocket.all).toHaveLength(1)
  vi.advanceTimersByTime(11_000)
  expect(states.at(-1)).toBe('reconnecting')
})

test('4401 renews the sign-in and comes back', async () => {
  server.use(http.post(`${ORIGIN}/api/auth/refresh`, () => HttpResponse.json({ expires_at: 'x' })))
  socket.start()
  welcome()
  FakeWebSocket.latest.close(4401)
  await vi.waitFor(() => expect(states.at(-1)).toBe('reconnecting'))
  expect(handlers.onSignedOut).not.toHaveBeenCalled()
})

test('4401 without a sign-in to renew ends here', async () => {
  server.use(http.post(`${ORIGIN}/api/auth/refresh`, () => refusal(401, 'ended')))
  socket.start()
  welcome()
  FakeWebSocket.latest.close(4401)
  await vi.waitFor(() => expect(handlers.onSignedOut).toHaveBeenCalledOnce())
  expect(states.at(-1)).toBe('signed-out')
})

test.each([429, 503])('4401 and a renewal that is answered %i is tried again', async (status) => {
  server.use(http.post(`${ORIGIN}/api/auth/refresh`, () => refusal(status, 'Later.')))
  socket.start()
  welcome()
  FakeWebSocket.latest.close(4401)
  await vi.waitFor(() => expect(states.at(-1)).toBe('reconnecting'))
  vi.advanceTimersByTime(500)
  expect(FakeWebSocket.all).toHaveLength(2)
  expect(handlers.onSignedOut).not.toHaveBeenCalled()
})

test('stopped is stopped', () => {
  socket.start()
  welcome()
  socket.stop()
  vi.advanceTimersByTime(120_000)
  expect(FakeWebSocket.all).toHaveLength(1)
})

test('waits grow, stay bounded and are spread', () => {
  expect(backoff(0, () => 0)).toBe(250)
  expect(backoff(0, () => 1)).toBe(500)
  expect(backoff(3, () => 1)).toBe(4000)
  expect(backoff(50, () => 1)).toBe(15_000)
})
