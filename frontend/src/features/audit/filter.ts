import { useSearchParams } from 'react-router'

export interface AuditFilter {
  action?: string
  /** Local days, `YYYY-MM-DD`, both inclusive. */
  from?: string
  to?: string
}

/** The filter as the API takes it: moments, the last one after the day's end. */
export function queryOf({ action, from, to }: AuditFilter) {
  return {
    ...(action && { action }),
    ...(from && { since: startOf(from, 0) }),
    ...(to && { until: startOf(to, 1) }),
  }
}

function startOf(day: string, daysLater: number): string {
  const [year = 1970, month = 1, date = 1] = day.split('-').map(Number)
  return new Date(year, month - 1, date + daysLater).toISOString()
}

const DAY = /^\d{4}-\d{2}-\d{2}$/

/** Kept in the address, so that a view can be shared and survives a reload. */
export function useAuditFilter(): [AuditFilter, (change: AuditFilter) => void] {
  const [params, setParams] = useSearchParams()
  const day = (name: string) => {
    const value = params.get(name) ?? ''
    return DAY.test(value) ? value : undefined
  }
  const filter = { action: params.get('action') ?? undefined, from: day('from'), to: day('to') }
  const change = (next: AuditFilter) => {
    const merged = { ...filter, ...next }
    setParams(
      Object.entries(merged).filter((pair): pair is [string, string] => Boolean(pair[1])),
      { replace: true },
    )
  }
  return [filter, change]
}
