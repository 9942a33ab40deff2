import { HttpResponse, http, type RequestHandler } from 'msw'
import { setupServer } from 'msw/node'

/** No handlers of its own: a test says what the server answers, and anything else is an error. */
export const server = setupServer()

export const ORIGIN = 'http://opm.test'

export function page<T>(items: T[]) {
  return { items, next_cursor: null }
}

/** A GET that gives page after page, and says which cursors it was asked for. */
export function givesPages(path: string, pages: unknown[][], asked: (string | null)[] = []): RequestHandler {
  return http.get(`${ORIGIN}/api${path}`, ({ request }) => {
    const cursor = new URL(request.url).searchParams.get('cursor')
    asked.push(cursor)
    const number = Number(cursor ?? 0)
    const next = number + 1 < pages.length ? String(number + 1) : null
    return HttpResponse.json({ items: pages[number] ?? [], next_cursor: next } as never)
  })
}

/** A GET that always answers the same. */
export function gives(path: string, body: unknown): RequestHandler {
  return http.get(`${ORIGIN}/api${path}`, () => HttpResponse.json(body as never))
}

/** The wire form of an error. */
export function refusal(status: number, message: string, details: Record<string, unknown> = {}) {
  const type = { 400: 'VALIDATION_ERROR', 401: 'UNAUTHORIZED', 404: 'NOT_FOUND', 409: 'CONFLICT' }[status]
  return HttpResponse.json(
    { error: { type: type ?? 'INTERNAL_ERROR', message, status, details, request_id: 'req-1' } },
    { status },
  )
}
