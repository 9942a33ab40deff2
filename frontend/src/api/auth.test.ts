import { HttpResponse, http } from 'msw'
import { expect, test, vi } from 'vitest'
import { ORIGIN, refusal, server } from '@/testing/server'
import { apiFetch, onSignedOut, rememberExpiry } from './auth'
import { ApiError, fieldError, toApiError } from './errors'
import { listProjects, updateProject } from './sdk'

const LATER = '2099-01-01T00:00:00Z'

/** A server whose access token has run out, and comes back with a refresh. */
function expired({ refreshable = true } = {}) {
  const seen = { refreshes: 0, bodies: [] as unknown[] }
  let valid = false
  server.use(
    http.post(`${ORIGIN}/api/auth/refresh`, () => {
      seen.refreshes += 1
      if (!refreshable) return refusal(401, 'The sign-in has ended.')
      valid = true
      return HttpResponse.json({ expires_at: LATER })
    }),
    http.get(`${ORIGIN}/api/projects`, () =>
      valid ? HttpResponse.json({ items: [], next_cursor: null }) : refusal(401, 'expired'),
    ),
    http.patch(`${ORIGIN}/api/projects/p`, async ({ request }) => {
      if (!valid) return refusal(401, 'expired')
      seen.bodies.push(await request.json())
      return HttpResponse.json({ id: 'p' })
    }),
  )
  return seen
}

test('an expired sign-in is renewed once for all requests in flight, and they are repeated', async () => {
  const seen = expired()
  const [one, two] = await Promise.all([listProjects(), listProjects()])
  expect([one.items, two.items]).toEqual([[], []])
  expect(seen.refreshes).toBe(1)
  expect(localStorage.getItem('opm.expires_at')).toBe(LATER)
})

test('a repeated request carries its body again', async () => {
  const seen = expired()
  await updateProject({ path: { project: 'p' }, body: { name: 'New' } })
  expect(seen.bodies).toEqual([{ name: 'New' }])
})

test('a sign-in that cannot be renewed is announced, and the refusal is thrown', async () => {
  expired({ refreshable: false })
  rememberExpiry(LATER)
  const out = vi.fn()
  const stop = onSignedOut(out)
  await expect(listProjects()).rejects.toMatchObject({ status: 401, message: 'expired' })
  stop()
  expect(out).toHaveBeenCalledOnce()
  expect(localStorage.getItem('opm.expires_at')).toBeNull()
})

test('the refusal of a sign-in is not answered with a refresh', async () => {
  const seen = expired()
  server.use(http.post(`${ORIGIN}/api/auth/launch`, () => refusal(401, 'used')))
  const response = await apiFetch('/api/auth/launch', { method: 'POST' })
  expect(response.status).toBe(401)
  expect(seen.refreshes).toBe(0)
})

test('an error carries what the server said', async () => {
  server.use(http.get(`${ORIGIN}/api/projects`, () => refusal(409, 'Not now.', { reason: 'busy' })))
  const error = await listProjects().catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ApiError)
  expect(error).toMatchObject({
    message: 'Not now.',
    status: 409,
    type: 'CONFLICT',
    details: { reason: 'busy' },
    requestId: 'req-1',
    passing: false,
  })
})

test('a server out of reach is told as that, and is worth another try', async () => {
  server.use(http.get(`${ORIGIN}/api/projects`, () => HttpResponse.error()))
  const error = (await listProjects().catch((thrown: unknown) => thrown)) as ApiError
  expect(error.status).toBe(0)
  expect(error.passing).toBe(true)
  expect(error.message).toMatch(/cannot be reached/)
})

test('an answer that is not ours still gives a message', () => {
  const error = toApiError('<html>', new Response(null, { status: 502 }))
  expect(error.message).toMatch(/502/)
  expect(error.passing).toBe(true)
})

test('the message about one field is found', () => {
  const details = { fields: [{ field: 'body.name', reason: 'too long' }] }
  const error = new ApiError('Invalid', 400, 'VALIDATION_ERROR', details)
  expect(fieldError(error, 'name')).toBe('too long')
  expect(fieldError(error, 'slug')).toBeNull()
  expect(fieldError(new Error('other'), 'name')).toBeNull()
})
