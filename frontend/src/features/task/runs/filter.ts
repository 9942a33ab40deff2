import type { Session } from '@/api/types'
import { useSearchState } from '@/lib/useSearchState'

export type RunState = Session['status']

export const STATES: RunState[] = ['queued', 'starting', 'running', 'completed', 'failed', 'cancelled']

export interface RunFilter {
  q?: string
  status?: RunState
}

function filterOf(search: URLSearchParams): RunFilter {
  return {
    q: search.get('q') ?? undefined,
    status: STATES.find((state) => state === search.get('status')),
  }
}

function written(search: URLSearchParams, filter: RunFilter): URLSearchParams {
  for (const name of ['q', 'status'] as const) {
    search.delete(name)
    const value = filter[name]
    if (value) search.set(name, value)
  }
  return search
}

/** Kept in the address, so that a view can be shared and survives a reload. */
export const useRunFilter = () => useSearchState(filterOf, written)
