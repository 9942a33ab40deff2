import { useSearchParams } from 'react-router'
import type { Session } from '@/api/types'

export type RunState = Session['status']

export const STATES: RunState[] = ['queued', 'starting', 'running', 'completed', 'failed', 'cancelled']

export interface RunFilter {
  q?: string
  status?: RunState
}

/** Kept in the address, so that a view can be shared and survives a reload. */
export function useRunFilter(): [RunFilter, (change: RunFilter) => void] {
  const [params, setParams] = useSearchParams()
  const filter = {
    q: params.get('q') ?? undefined,
    status: STATES.find((state) => state === params.get('status')),
  }
  const change = (next: RunFilter) =>
    setParams(
      Object.entries({ ...filter, ...next }).filter((pair): pair is [string, string] => Boolean(pair[1])),
      { replace: true },
    )
  return [filter, change]
}
