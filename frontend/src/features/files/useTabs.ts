import { useEffect, useMemo, useState } from 'react'
import { isUnder } from '@/lib/paths'
import { moved, readTabs, storeTabs, withTab } from './model/tabs'

export interface Tabs {
  paths: readonly string[]
  /** Closes a file, or every file below a folder. */
  close: (path: string) => void
  move: (from: string, to: string) => void
}

/** The open files; the one that the address names is always among them. */
export function useTabs(projectId: string, path: string): Tabs {
  const [stored, setStored] = useState<readonly string[]>(() => readTabs(projectId))
  useEffect(() => setStored((before) => withTab(before, path)), [path])
  useEffect(() => storeTabs(projectId, stored), [projectId, stored])
  const verbs = useMemo(
    () => ({
      close: (gone: string) => setStored((before) => before.filter((file) => !isUnder(file, gone))),
      move: (from: string, to: string) =>
        setStored((before) => [...new Set(before.map((file) => moved(file, from, to)))]),
    }),
    [],
  )
  return useMemo(() => ({ ...verbs, paths: withTab(stored, path) }), [verbs, stored, path])
}
