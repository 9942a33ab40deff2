const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** 950 -> "1s", 65_000 -> "1m 05s", 3_700_000 -> "1h 01m". */
export function formatDuration(ms: number): string {
  const whole = Math.max(0, ms)
  if (whole < MINUTE) return `${Math.round(whole / SECOND)}s`
  const two = (n: number) => String(Math.floor(n)).padStart(2, '0')
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)}m ${two((whole % MINUTE) / SECOND)}s`
  return `${Math.floor(whole / HOUR)}h ${two((whole % HOUR) / MINUTE)}m`
}

/** How long ago, coarse enough not to flicker: "now", "8s ago", "5m ago", "3d ago". */
export function formatAgo(when: string | number | Date, now: number = Date.now()): string {
  const past = now - new Date(when).getTime()
  if (past < 3 * SECOND) return 'now'
  if (past < MINUTE) return `${Math.floor(past / SECOND)}s ago`
  if (past < HOUR) return `${Math.floor(past / MINUTE)}m ago`
  if (past < DAY) return `${Math.floor(past / HOUR)}h ago`
  return `${Math.floor(past / DAY)}d ago`
}

/** Dollars; small sums keep two significant digits, because "$0.00" reads as free. */
export function formatCost(dollars: number): string {
  if (dollars === 0) return '$0'
  if (dollars < 0.01) return '<$0.01'
  return `$${dollars.toFixed(2)}`
}

export function formatTokens(count: number): string {
  if (count < 1000) return String(count)
  if (count < 1_000_000) return `${(count / 1000).toFixed(count < 10_000 ? 1 : 0)}k`
  return `${(count / 1_000_000).toFixed(1)}M`
}

export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(1)} kB`
  if (bytes < 1024 ** 3) return `${(bytes / 1024 ** 2).toFixed(1)} MB`
  return `${(bytes / 1024 ** 3).toFixed(1)} GB`
}

export function plural(count: number, one: string, many: string = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

/** Local date and time, for titles beside a relative time. */
export function formatDateTime(when: string | Date): string {
  return new Date(when).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })
}

/** The first words of a Markdown text, without its marks. */
export function excerptOf(markdown: string): string {
  return markdown
    .slice(0, 400)
    .replace(/^\s*(?:#{1,6}|>|[-*+]|\d+\.)\s+/gm, '')
    .replace(/[*_`~]+/g, '')
    .replace(/\s+/g, ' ')
    .trim()
}
