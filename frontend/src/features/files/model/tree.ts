/** The workspace tree as the rows that are visible, and what the keyboard does among them. Pure. */
import type { Entry } from '@/api/types'

export interface TreeRow {
  entry: Entry
  depth: number
  expanded: boolean
  /** No entry, but the way to those of this directory that were not read yet. */
  more?: string
}

/** Directory -> its entries in the order of the tree, as far as they were read; the root is the empty path. */
export type Listings = ReadonlyMap<string, Entry[]>

export function isDirectory(entry: Entry): boolean {
  return entry.type === 'directory'
}

/** Made once: with its options, each comparison by `localeCompare` would make one. */
const names = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })

export function sorted(entries: Entry[]): Entry[] {
  return [...entries].sort(
    (one, other) =>
      Number(isDirectory(other)) - Number(isDirectory(one)) || names.compare(one.name, other.name),
  )
}

/** `longer` are the directories of which more can be read. */
export function rowsOf(
  listings: Listings,
  expanded: ReadonlySet<string>,
  longer: ReadonlySet<string> = new Set(),
  path = '',
  depth = 0,
): TreeRow[] {
  const rows = (listings.get(path) ?? []).flatMap((entry) => {
    const open = isDirectory(entry) && expanded.has(entry.path)
    const row = { entry, depth, expanded: open }
    return open ? [row, ...rowsOf(listings, expanded, longer, entry.path, depth + 1)] : [row]
  })
  return longer.has(path) ? [...rows, moreRow(path, depth)] : rows
}

function moreRow(path: string, depth: number): TreeRow {
  // A path that ends with a slash is that of no entry.
  const entry: Entry = { name: 'Show more…', path: `${path}/`, type: 'other' }
  return { entry, depth, expanded: false, more: path }
}

export function parentOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : ''
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

export function join(directory: string, name: string): string {
  return directory ? `${directory}/${name}` : name
}

/** Every directory on the way to a path, so that a deep link can open them. */
export function ancestors(path: string): string[] {
  const parts = path.split('/').slice(0, -1)
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'))
}

export type Step =
  | { kind: 'focus'; path: string }
  | { kind: 'expand' | 'collapse' | 'open' | 'more'; path: string }
  | null

/** What a key means on the focused row. */
export function step(rows: TreeRow[], focused: string | null, key: string): Step {
  const at = rows.findIndex(({ entry }) => entry.path === focused)
  const row = rows[at]
  const focus = (index: number): Step => {
    const target = rows[Math.max(0, Math.min(rows.length - 1, index))]
    return target ? { kind: 'focus', path: target.entry.path } : null
  }
  switch (key) {
    case 'ArrowDown':
      return focus(at + 1)
    case 'ArrowUp':
      return focus(at - 1)
    case 'Home':
      return focus(0)
    case 'End':
      return focus(rows.length - 1)
  }
  if (!row) return null
  const { path } = row.entry
  switch (key) {
    case 'ArrowRight':
      if (!isDirectory(row.entry)) return null
      return row.expanded ? focus(at + 1) : { kind: 'expand', path }
    case 'ArrowLeft':
      if (row.expanded) return { kind: 'collapse', path }
      if (row.more) return { kind: 'focus', path: row.more }
      return parentOf(path) ? { kind: 'focus', path: parentOf(path) } : null
    case 'Enter':
    case ' ':
      if (row.more !== undefined) return { kind: 'more', path: row.more }
      if (isDirectory(row.entry)) return { kind: row.expanded ? 'collapse' : 'expand', path }
      return { kind: 'open', path }
  }
  return null
}

/** The next row whose name begins with what was typed, beginning after the focused one and going round. */
export function typeAhead(rows: TreeRow[], focused: string | null, typed: string): string | null {
  const at = rows.findIndex(({ entry }) => entry.path === focused)
  // While a longer word is being typed, the row it found already may stay.
  const from = typed.length > 1 ? Math.max(at, 0) : at + 1
  const round = [...rows.slice(from), ...rows.slice(0, from)]
  const wanted = typed.toLowerCase()
  return round.find(({ entry }) => entry.name.toLowerCase().startsWith(wanted))?.entry.path ?? null
}

/** Why a name cannot be given to a new file, or null. */
export function nameProblem(name: string, siblings: Entry[]): string | null {
  if (!name.trim()) return 'Give it a name.'
  if (
    name === '.' ||
    name === '..' ||
    name.split('/').some((part) => part === '' || part === '..' || part === '.')
  )
    return 'This is not a name a file can have.'
  if (siblings.some((entry) => entry.name === name)) return 'There is one of this name already.'
  return null
}
