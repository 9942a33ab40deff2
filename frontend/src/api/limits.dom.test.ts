import { HttpResponse, http } from 'msw'
import { expect, test } from 'vitest'
import { ORIGIN, refusal, server } from '@/testing/server'
import { onSignIn } from './auth'
import { createQueryClient, retryDelay } from './client'
import { ApiError, describe } from './errors'
import { listProjects } from './sdk'

const MESSAGE = 'Too many requests; try again in 1 second.'

function tooMany(seconds: string) {
  const error = {
    type: 'VALIDATION_ERROR',
    message: MESSAGE,
    status: 429,
    details: { reason: 'rate_limited', retry_after: Number(seconds) },
    request_id: 'req-1',
  }
  return HttpResponse.json({ error }, { status: 429, headers: { 'Retry-After': seconds } })
}

test('a request that came too often is told as that, with the wait', async () => {
  server.use(http.get(`${ORIGIN}/api/projects`, () => tooMany('7')))
  const error = await listProjects().catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ status: 429, retryAfter: 7, passing: true })
  expect(describe(error).message).toBe(MESSAGE)
})

test('a proxy that says less is told as the same', async () => {
  const headers = { 'Retry-After': '9' }
  server.use(
    http.get(`${ORIGIN}/api/projects`, () => new HttpResponse('slow down', { status: 429, headers })),
  )
  const error = await listProjects().catch((thrown: unknown) => thrown)
  expect(describe(error).message).toBe('Too many requests; try again in 9 seconds.')
})

test('what is read is asked for again when the wait is over, and not before', async () => {
  const asked: number[] = []
  server.use(
    http.get(`${ORIGIN}/api/projects`, () => {
      asked.push(Date.now())
      return asked.length === 1 ? tooMany('1') : HttpResponse.json({ items: [], next_cursor: null })
    }),
  )
  const client = createQueryClient()
  const found = await client.fetchQuery({
    queryKey: ['projects'],
    queryFn: () => listProjects(),
    retry: client.getDefaultOptions().queries?.retry ?? false,
  })
  expect(found.items).toEqual([])
  expect(asked).toHaveLength(2)
  const [first, second] = asked as [number, number]
  expect(second - first).toBeGreaterThanOrEqual(990)
})

test('without a wait it is asked for again ever later, and no wait is endless', () => {
  const failure = new ApiError('away', 503)
  expect([0, 1, 2].map((failures) => retryDelay(failures, failure))).toEqual([1000, 2000, 4000])
  const long = new ApiError('later', 429, 'VALIDATION_ERROR', {}, null, 86_400)
  expect(retryDelay(0, long)).toBeLessThanOrEqual(60_250)
})

test('a renewal that came too often does not sign anybody out', async () => {
  let out = 0
  const stop = onSignIn({
    ended: () => {
      out += 1
    },
    begun: () => {},
  })
  server.use(
    http.get(`${ORIGIN}/api/projects`, () => refusal(401, 'expired')),
    http.post(`${ORIGIN}/api/auth/refresh`, () => tooMany('3')),
  )
  const error = await listProjects().catch((thrown: unknown) => thrown)
  stop()
  expect(error).toMatchObject({ status: 429, retryAfter: 3 })
  expect(out).toBe(0)
})
