import type { AuditOutcome, ListAuditData } from '@/api/types'
import { useSearchState } from '@/lib/useSearchState'

const NAMES = ['action', 'user', 'resource', 'id', 'outcome', 'from', 'to'] as const

/** `user` and `id` name a person and a thing; `resource` says of what kind the thing is. */
export type AuditFilter = Partial<Record<(typeof NAMES)[number], string>>

export const NO_FILTER: AuditFilter = Object.fromEntries(NAMES.map((name) => [name, undefined]))

/** The filter as the API takes it: moments, the last one after the day's end. */
export function queryOf({ action, user, resource, id, outcome, from, to }: AuditFilter) {
  return {
    ...(action && { action }),
    ...(user && { user }),
    ...(resource && { resource_type: resource }),
    ...(id && { resource_id: id }),
    ...(outcome && { outcome: outcome as AuditOutcome }),
    ...(from && { since: startOf(from, 0) }),
    ...(to && { until: startOf(to, 1) }),
  } satisfies ListAuditData['query']
}

function startOf(day: string, daysLater: number): string {
  const [year = 1970, month = 1, date = 1] = day.split('-').map(Number)
  return new Date(year, month - 1, date + daysLater).toISOString()
}

/** Local days, both inclusive; what is no day, no id or no outcome would only be refused. */
const FORMS: Partial<Record<keyof AuditFilter, RegExp>> = {
  from: /^\d{4}-\d{2}-\d{2}$/,
  to: /^\d{4}-\d{2}-\d{2}$/,
  outcome: /^(success|failure)$/,
  user: /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i,
}

function filterOf(search: URLSearchParams): AuditFilter {
  const found = NAMES.map((name) => [name, search.get(name) ?? ''] as const)
  return Object.fromEntries(found.filter(([name, value]) => value && (FORMS[name]?.test(value) ?? true)))
}

function written(search: URLSearchParams, filter: AuditFilter): URLSearchParams {
  for (const name of NAMES) {
    search.delete(name)
    const value = filter[name]
    if (value) search.set(name, value)
  }
  return search
}

/** Kept in the address, so that a view can be shared and survives a reload. */
export const useAuditFilter = () => useSearchState(filterOf, written)
