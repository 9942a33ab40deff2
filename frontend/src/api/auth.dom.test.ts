import { HttpResponse, http } from 'msw'
import { afterEach, expect, test, vi } from 'vitest'
import { ORIGIN, refusal, server } from '@/testing/server'
import { announceSignedIn, announceSignedOut, apiFetch, onSignIn, rememberExpiry } from './auth'
import { ApiError, fieldError, toApiError } from './errors'
import { listProjects, me, updateProject } from './sdk'

const LATER = '2099-01-01T00:00:00Z'

const stops: (() => void)[] = []

afterEach(() => {
  announceSignedOut()
  for (const stop of stops.splice(0)) stop()
})

function listening() {
  const heard = { ended: vi.fn(), begun: vi.fn() }
  stops.push(onSignIn(heard))
  return heard
}

/** Another tab of this browser. */
function tab() {
  const channel = new BroadcastChannel('opm.sign-in')
  stops.push(() => channel.close())
  return channel
}

/** A server that wants the token of whoever the cookies belong to. */
function guarded(person = 'ada') {
  const seen = { person, asked: 0, tokens: [] as (string | null)[], bodies: [] as unknown[] }
  server.use(
    http.get(`${ORIGIN}/api/auth/me`, () => {
      seen.asked += 1
      return HttpResponse.json({ user: { id: seen.person }, csrf_token: `token of ${seen.person}` })
    }),
    http.patch(`${ORIGIN}/api/projects/p`, async ({ request }) => {
      const token = request.headers.get('x-csrf-token')
      seen.tokens.push(token)
      if (token !== `token of ${seen.person}`) return refusal(403, 'Reload.', { reason: 'csrf' })
      seen.bodies.push(await request.json())
      return HttpResponse.json({ id: 'p' })
    }),
  )
  return seen
}

const change = () => updateProject({ path: { project: 'p' }, body: { name: 'New' } })

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
  const { ended } = listening()
  await expect(listProjects()).rejects.toMatchObject({ status: 401, message: 'expired' })
  expect(ended).toHaveBeenCalledOnce()
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

test('what changes something carries the token that was told with the sign-in', async () => {
  const seen = guarded()
  await me()
  await change()
  expect(seen.tokens).toEqual(['token of ada'])
  expect(seen.asked).toBe(1)
})

test('what only reads carries none', async () => {
  guarded()
  await me()
  let token: string | null = 'none was asked'
  server.use(
    http.get(`${ORIGIN}/api/projects`, ({ request }) => {
      token = request.headers.get('x-csrf-token')
      return HttpResponse.json({ items: [], next_cursor: null })
    }),
  )
  await listProjects()
  expect(token).toBeNull()
})

test.each(['launch', 'refresh', 'oidc/callback'])('the answer of %s tells the token, too', async (path) => {
  const seen = guarded()
  const told = { user: { id: 'ada' }, csrf_token: 'token of ada', expires_at: LATER }
  server.use(http.post(`${ORIGIN}/api/auth/${path}`, () => HttpResponse.json(told)))
  await apiFetch(`/api/auth/${path}`, { method: 'POST' })
  await change()
  expect(seen.tokens).toEqual(['token of ada'])
})

test('a token that is another’s by now is read again, once, and the request repeated with its body', async () => {
  const seen = guarded()
  await me()
  const { begun } = listening()
  seen.person = 'bob'
  await change()
  expect(seen.tokens).toEqual(['token of ada', 'token of bob'])
  expect(seen.bodies).toEqual([{ name: 'New' }])
  expect(seen.asked).toBe(2)
  expect(begun).toHaveBeenCalledOnce()
})

test('a token that is refused all the same is not tried for ever', async () => {
  const seen = guarded()
  server.use(
    http.patch(`${ORIGIN}/api/projects/p`, () => refusal(403, 'Reload the page.', { reason: 'csrf' })),
  )
  await expect(change()).rejects.toMatchObject({ status: 403, message: 'Reload the page.' })
  expect(seen.asked).toBe(1)
})

test('another refusal is not taken for a missing token', async () => {
  const seen = guarded()
  server.use(http.patch(`${ORIGIN}/api/projects/p`, () => refusal(403, 'Not yours.', { reason: 'other' })))
  await expect(change()).rejects.toMatchObject({ message: 'Not yours.' })
  expect(seen.asked).toBe(0)
})

test.each([429, 500, 503])('a renewal that is answered %i ends no sign-in', async (status) => {
  expired()
  const { ended } = listening()
  server.use(http.post(`${ORIGIN}/api/auth/refresh`, () => refusal(status, 'Come back later.')))
  const both = await Promise.allSettled([listProjects(), listProjects()])
  for (const one of both) {
    expect(one).toMatchObject({ status: 'rejected', reason: { status, message: 'Come back later.' } })
  }
  expect(ended).not.toHaveBeenCalled()
})

test('a renewal that does not reach the server ends no sign-in', async () => {
  expired()
  const { ended } = listening()
  server.use(http.post(`${ORIGIN}/api/auth/refresh`, () => HttpResponse.error()))
  await expect(listProjects()).rejects.toMatchObject({ status: 0, passing: true })
  expect(ended).not.toHaveBeenCalled()
})

test('a sign-out is told to the other tabs, and heard from them', async () => {
  const { ended } = listening()
  const other = tab()
  const told = vi.fn()
  other.onmessage = ({ data }) => told(data)
  announceSignedOut()
  await vi.waitFor(() => expect(told).toHaveBeenCalledWith('out'))
  expect(ended).toHaveBeenCalledTimes(1)
  other.postMessage('out')
  await vi.waitFor(() => expect(ended).toHaveBeenCalledTimes(2))
})

test('a sign-in elsewhere brings in who waited, and somebody else in the place of who was here', async () => {
  const seen = guarded()
  const heard = listening()
  const other = tab()
  other.postMessage('in')
  await vi.waitFor(() => expect(heard.begun).toHaveBeenCalledTimes(1))
  await me()
  other.postMessage('in')
  await vi.waitFor(() => expect(seen.asked).toBe(2))
  expect(heard.begun).toHaveBeenCalledTimes(1)
  seen.person = 'bob'
  other.postMessage('in')
  await vi.waitFor(() => expect(heard.begun).toHaveBeenCalledTimes(2))
})

test('the expiry that a sign-in tells is shared between tabs', () => {
  announceSignedIn({ expires_at: LATER })
  expect(localStorage.getItem('opm.expires_at')).toBe(LATER)
})
