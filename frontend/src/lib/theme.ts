import { useSyncExternalStore } from 'react'

export type Theme = 'system' | 'light' | 'dark'

const KEY = 'opm.theme'
const listeners = new Set<() => void>()

/** The stored choice; `public/theme.js` reads the same key before the first paint. */
export function readTheme(): Theme {
  try {
    const stored = localStorage.getItem(KEY)
    return stored === 'light' || stored === 'dark' ? stored : 'system'
  } catch {
    return 'system'
  }
}

function systemIsDark(): boolean {
  return window.matchMedia?.('(prefers-color-scheme: dark)').matches ?? false
}

export function isDark(theme: Theme = readTheme()): boolean {
  return theme === 'dark' || (theme === 'system' && systemIsDark())
}

function apply(): void {
  document.documentElement.classList.toggle('dark', isDark())
  for (const listener of listeners) listener()
}

export function setTheme(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme)
  } catch {
    // Without storage the choice lasts as long as the page.
  }
  document.documentElement.classList.toggle('dark', isDark(theme))
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  const media = window.matchMedia?.('(prefers-color-scheme: dark)')
  listeners.add(listener)
  if (listeners.size === 1) media?.addEventListener('change', apply)
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0) media?.removeEventListener('change', apply)
  }
}

export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, readTheme)
}

/** For components that must be told, such as an editor with themes of its own. */
export function useDark(): boolean {
  return useSyncExternalStore(subscribe, () => document.documentElement.classList.contains('dark'))
}
