/** The open files in their order, kept for as long as the browser's tab. */
import { isUnder } from '@/lib/paths'
import { nameOf, parentOf } from './tree'

const key = (projectId: string) => `opm.tabs.${projectId}`

export function readTabs(projectId: string): string[] {
  try {
    const stored: unknown = JSON.parse(sessionStorage.getItem(key(projectId)) ?? '[]')
    return Array.isArray(stored) ? stored.filter((path) => typeof path === 'string') : []
  } catch {
    return []
  }
}

export function storeTabs(projectId: string, paths: readonly string[]): void {
  try {
    sessionStorage.setItem(key(projectId), JSON.stringify(paths))
  } catch {
    // Without storage the order lasts as long as the page.
  }
}

export function withTab(paths: readonly string[], path: string): readonly string[] {
  return !path || paths.includes(path) ? paths : [...paths, path]
}

/** Which file to show when this one is closed: the one that takes its place, or the one before. */
export function neighbour(paths: readonly string[], path: string): string {
  const at = paths.indexOf(path)
  return paths[at + 1] ?? paths[at - 1] ?? ''
}

/** `from`, or all that was below it, has a new address. */
export function moved(path: string, from: string, to: string): string {
  return isUnder(path, from) ? to + path.slice(from.length) : path
}

/** The name, with its folder where two files are called the same. */
export function labelOf(paths: readonly string[], path: string): { name: string; where: string } {
  const name = nameOf(path)
  const alone = paths.every((other) => other === path || nameOf(other) !== name)
  return { name, where: alone ? '' : parentOf(path) || '/' }
}
