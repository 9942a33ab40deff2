import { HttpResponse, http } from 'msw'
import { afterEach, expect, test, vi } from 'vitest'
import { ORIGIN, refusal, server } from '@/testing/server'
import { createTask, executeTask } from './sdk'

afterEach(() => vi.useRealTimers())

const made = () => HttpResponse.json({}, { status: 201 })
const cut = () => HttpResponse.error()
const broken = () =>
  new HttpResponse(
    new ReadableStream({
      start: (controller) => {
        controller.enqueue(new TextEncoder().encode('{'))
        controller.error(new Error('cut'))
      },
    }),
    { status: 201, headers: { 'Content-Type': 'application/json' } },
  )

let project = 0

/** A server that answers one request after the other so, and the keys that it was shown. */
function answering(...answers: (() => Response)[]) {
  project += 1
  const id = `wishes-${project}`
  const keys: (string | null)[] = []
  const answer = ({ request }: { request: Request }) => {
    keys.push(request.headers.get('Idempotency-Key'))
    return (answers[keys.length - 1] ?? made)()
  }
  server.use(
    http.post(`${ORIGIN}/api/projects/${id}/tasks`, answer),
    http.post(`${ORIGIN}/api/projects/${id}/tasks/t/execute`, answer),
  )
  const make = (title: string) => createTask({ path: { project: id }, body: { title } }).catch(() => {})
  const run = () => executeTask({ path: { project: id, task: 't' } }).catch(() => {})
  return { keys, make, run }
}

test.each([
  ['the network drops', cut],
  ['the answer breaks off', broken],
  ['a proxy gives up', () => new HttpResponse(null, { status: 504 })],
  ['the server fails', () => refusal(500, 'It broke.')],
  ['the first attempt is still at work', () => refusal(409, 'Ask again in a moment.')],
])('the same wish keeps its key when %s, until it is answered', async (_, lost) => {
  const { keys, make } = answering(lost, lost)
  for (let n = 0; n < 4; n++) await make('Brew')
  const [first, second, third, another] = keys
  expect(first).toMatch(/^[0-9a-f]{32}$/)
  expect([second, third]).toEqual([first, first])
  expect(another).not.toBe(first)
})

test('other words are another wish, and so are the first words after them', async () => {
  const { keys, make } = answering(cut, cut)
  for (const title of ['Brew', 'Brew tea', 'Brew']) await make(title)
  expect(new Set(keys).size).toBe(3)
})

test('a refusal ends the wish', async () => {
  const { keys, make } = answering(cut, () => refusal(400, 'No.'))
  for (let n = 0; n < 3; n++) await make('Brew')
  expect(keys[1]).toBe(keys[0])
  expect(keys[2]).not.toBe(keys[0])
})

test('what is wished long afterwards is a new wish', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  const { keys, make } = answering(cut)
  await make('Brew')
  vi.setSystemTime(Date.now() + 11 * 60_000)
  await make('Brew')
  expect(keys[1]).not.toBe(keys[0])
})

test('a bare verb is wished anew each time', async () => {
  const { keys, run } = answering(cut)
  await run()
  await run()
  expect(keys[0]).toMatch(/^[0-9a-f]{32}$/)
  expect(keys[1]).not.toBe(keys[0])
})
