import { HttpResponse, http } from 'msw'
import { expect, test } from 'vitest'
import { ORIGIN, server } from '@/testing/server'
import { createTask, listProjects } from './sdk'

test('every request that may make something bears a key of its own, also when it is repeated', async () => {
  const keys: (string | null)[] = []
  let signedIn = false
  server.use(
    http.post(`${ORIGIN}/api/projects/p1/tasks`, ({ request }) => {
      keys.push(request.headers.get('Idempotency-Key'))
      if (signedIn) return HttpResponse.json({}, { status: 201 })
      signedIn = true
      return HttpResponse.json({}, { status: 401 })
    }),
    http.post(`${ORIGIN}/api/auth/refresh`, () => HttpResponse.json({ expires_at: '2030-01-01T00:00:00Z' })),
    http.get(`${ORIGIN}/api/projects`, ({ request }) => {
      keys.push(request.headers.get('Idempotency-Key'))
      return HttpResponse.json({ items: [], next_cursor: null })
    }),
  )
  for (let n = 0; n < 2; n++) await createTask({ path: { project: 'p1' }, body: { title: 'Brew' } })
  await listProjects()
  const [first, again, second, read] = keys
  expect(first).toMatch(/^[0-9a-f]{32}$/)
  expect(again).toBe(first)
  expect(second).toMatch(/^[0-9a-f]{32}$/)
  expect(second).not.toBe(first)
  expect(read).toBeNull()
})
