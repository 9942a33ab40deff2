import { QueryClient } from '@tanstack/react-query'
import { apiFetch } from './auth'
import { ApiError, toApiError } from './errors'
import { client } from './generated/client.gen'
import { withKeys } from './idempotency'

/** Points the generated client at this origin; every failure it throws is an `ApiError`. */
export function configureClient(): void {
  client.setConfig({
    baseUrl: window.location.origin,
    fetch: withKeys(apiFetch) as typeof fetch,
    throwOnError: true,
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
