/** Which cards of a board are shown; the address carries it as `?q=words&show=needs`. */
import type { Task } from '@/api/types'
import { useSearchState } from '@/lib/useSearchState'
import { isActive } from './model'

export const SHOWN = {
  all: 'All cards',
  needs: 'Needs you',
  running: 'Running',
  failed: 'Failed',
} as const

export type Shown = keyof typeof SHOWN

export interface BoardFilter {
  words: string
  shown: Shown
}

const NONE: BoardFilter = { words: '', shown: 'all' }

export function filterOf(search: URLSearchParams): BoardFilter {
  const shown = search.get('show') ?? ''
  return { words: search.get('q') ?? '', shown: shown in SHOWN ? (shown as Shown) : 'all' }
}

function written(search: URLSearchParams, { words, shown }: BoardFilter): URLSearchParams {
  search.delete('q')
  search.delete('show')
  if (words.trim()) search.set('q', words)
  if (shown !== 'all') search.set('show', shown)
  return search
}

/** What of an address goes along from the board to a card and back. */
export function searchFor(filter: BoardFilter): string {
  const search = written(new URLSearchParams(), filter).toString()
  return search && `?${search}`
}

export function isFiltering({ words, shown }: BoardFilter): boolean {
  return words.trim() !== '' || shown !== 'all'
}

/** Every word stands in the title or the text, in any order and case. */
export function passes(task: Task, { words, shown }: BoardFilter): boolean {
  if (shown === 'needs' && !task.attention) return false
  if (shown === 'running' && !isActive(task)) return false
  if (shown === 'failed' && task.run?.status !== 'failed') return false
  const text = `${task.title}\n${task.description}`.toLowerCase()
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word))
}

export interface Filtering {
  filter: BoardFilter
  change: (change: Partial<BoardFilter>) => void
  clear: () => void
}

export function useFilter(): Filtering {
  const [filter, change] = useSearchState(filterOf, written)
  return { filter, change, clear: () => change(NONE) }
}
