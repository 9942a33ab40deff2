/** The one registry of keyboard shortcuts: what is registered works, and is what the shortcut sheet lists. */
import { useEffect, useRef, useSyncExternalStore } from 'react'

export interface Shortcut {
  /** Such as "c", "?", "mod+k" or "alt+arrowup"; "mod" is Ctrl, or Cmd on a Mac. */
  keys: string
  label: string
  group: string
}

/** Returning false leaves the key to the page, because there was nothing to do. */
type Run = (event: KeyboardEvent) => unknown

interface Entry extends Shortcut {
  run: Run
}

let entries: readonly Entry[] = []
/** Those that answer: all, or all but single keys. */
let working: readonly Entry[] = []
let singleKeys = true
const listeners = new Set<() => void>()

function works(keys: string): boolean {
  // Named keys such as Escape are longer: speech and slips of the hand do not type them.
  return singleKeys || keys.length > 1
}

function publish(next: readonly Entry[]): void {
  entries = next
  working = next.filter(({ keys }) => works(keys))
  for (const listener of listeners) listener()
}

/** Turns all shortcuts of one letter or sign on or off. */
export function setSingleKeys(on: boolean): void {
  singleKeys = on
  publish(entries)
}

export function matches(keys: string, event: KeyboardEvent): boolean {
  const parts = keys.toLowerCase().split('+')
  const key = parts.at(-1) ?? ''
  const wants = (name: string) => parts.includes(name)
  if (event.key.toLowerCase() !== key) return false
  if (wants('mod') !== (event.ctrlKey || event.metaKey)) return false
  if (wants('alt') !== event.altKey) return false
  // Which keys need Shift depends on the layout ("?" often does), so it counts only for letters and names.
  return key.length === 1 && !/[a-z]/.test(key) ? true : wants('shift') === event.shiftKey
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  return target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName)
}

function onKeyDown(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return
  if (document.querySelector('[role=dialog],[role=alertdialog],[role=menu]')) return
  // The newest registration wins, so that a panel may take over a key of the page below it.
  const entry = working.findLast((candidate) => matches(candidate.keys, event))
  if (!entry || (isTyping(event.target) && !entry.keys.startsWith('mod+'))) return
  if (entry.run(event) !== false) event.preventDefault()
}

export function register(entry: Entry): () => void {
  if (entries.length === 0) window.addEventListener('keydown', onKeyDown)
  publish([...entries, entry])
  return () => {
    publish(entries.filter((other) => other !== entry))
    if (entries.length === 0) window.removeEventListener('keydown', onKeyDown)
  }
}

/** Registers a shortcut while mounted and `enabled`. Single keys stay silent while typing, all of them in a dialog. */
export function useShortcut(
  keys: string,
  label: string,
  group: string,
  run: Run,
  enabled: boolean = true,
): void {
  const latest = useRef(run)
  latest.current = run
  useEffect(() => {
    if (!enabled) return
    return register({ keys, label, group, run: (event) => latest.current(event) })
  }, [keys, label, group, enabled])
}

function listen(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** What works on this page now. */
export function useShortcuts(): readonly Shortcut[] {
  return useSyncExternalStore(listen, () => working)
}

/** Whether these keys do not belong to what is turned off. */
export function useWorks(keys: string): boolean {
  return useSyncExternalStore(listen, () => works(keys))
}
