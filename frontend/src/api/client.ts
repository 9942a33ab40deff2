import { QueryClient } from '@tanstack/react-query'
import { apiFetch } from './auth'
import { ApiError, toApiError } from './errors'
import { client } from './generated/client.gen'

const KEY = 'Idempotency-Key'

/** `crypto.randomUUID` is there on secure origins only, and a server in one's own network is none. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
}

/** Points the generated client at this origin; every failure it throws is an `ApiError`. */
export function configureClient(): void {
  client.setConfig({
    baseUrl: window.location.origin,
    fetch: apiFetch as typeof fetch,
    throwOnError: true,
  })
  client.interceptors.request.clear()
  client.interceptors.request.use((request) => {
    // Whatever sends this request once more, a renewed sign-in or a proxy, makes nothing twice.
    if (request.method === 'POST' && !request.headers.has(KEY)) request.headers.set(KEY, newKey())
    return request
  })
  client.interceptors.error.clear()
  client.interceptors.error.use((error, response) => {
    if (error instanceof DOMException && error.name === 'AbortError') return error
    return toApiError(error, response)
  })
}

function worthRetrying(failures: number, error: unknown): boolean {
  return error instanceof ApiError && error.passing && failures < 3
}

const LONGEST_WAIT = 60

/** When the server says how long to wait, that is how long; a little apart, so that not all come back at once. */
export function retryDelay(failures: number, error: unknown): number {
  const asked = error instanceof ApiError ? error.retryAfter : null
  if (asked === null) return Math.min(1000 * 2 ** failures, 30_000)
  return Math.min(asked, LONGEST_WAIT) * 1000 + Math.random() * 250
}

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // The WebSocket says when something changed; staleness by time is only the safety net.
        staleTime: 60_000,
        retry: worthRetrying,
        retryDelay,
        refetchOnWindowFocus: false,
      },
      mutations: { retry: false },
    },
  })
}
