/**
 * Text that somebody is writing and has not sent: kept for this tab of the browser, so that it outlives the form it is
 * written in and a reload. All who show the same draft see the same.
 */
import { useCallback, useMemo, useSyncExternalStore } from 'react'

const listeners = new Set<() => void>()
/** What the browser would not store, for want of leave or of room; it lasts as long as the page. */
const unstored = new Map<string, string>()

function listen(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function read(key: string): string | null {
  try {
    return unstored.get(key) ?? sessionStorage.getItem(key)
  } catch {
    return null
  }
}

function write(key: string, text: string | null): void {
  unstored.delete(key)
  try {
    sessionStorage.removeItem(key)
    if (text !== null) sessionStorage.setItem(key, text)
  } catch {
    if (text !== null) unstored.set(key, text)
  }
  for (const listener of listeners) listener()
}

function parse(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text)
  } catch {
    return null
  }
}

export function isText(value: unknown): value is string {
  return typeof value === 'string'
}

/** As it stands now, for those who do not show it. */
export function readDraft<T>(key: string, fits: (value: unknown) => value is T): T | null {
  const value = parse(read(key))
  return fits(value) ? value : null
}

/** Keeping null forgets the draft. */
export function keepDraft(key: string, draft: unknown): void {
  write(key, draft === null ? null : JSON.stringify(draft))
}

/** `fits` refuses what another version of this page may have left there. */
export function useDraft<T>(key: string, fits: (value: unknown) => value is T) {
  const text = useSyncExternalStore(listen, () => read(key))
  const value = useMemo(() => parse(text), [text])
  const keep = useCallback((draft: T | null) => keepDraft(key, draft), [key])
  return [fits(value) ? value : null, keep] as const
}
