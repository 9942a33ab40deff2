import { useCallback, useMemo, useRef, useState } from 'react'
import { isUnder } from '@/lib/paths'
import * as model from './model/buffer'
import { moved } from './model/tabs'
import { useKeptBuffers } from './useKeptBuffers'

export interface Buffers {
  get: (path: string) => model.Buffer | undefined
  /** Which files differ from what is saved. */
  dirty: ReadonlySet<string>
  /** Takes the text from disk, whatever was typed. */
  load: (path: string, disk: model.Version) => void
  /** Takes what was read from disk as far as nothing is lost by it. */
  take: (path: string, disk: model.Version) => void
  deleted: (path: string) => void
  /** Decides for the text as it is, against what is on disk now. */
  keep: (path: string) => void
  edit: (path: string, text: string) => void
  /** The version is on disk now; what was typed since stays. */
  saved: (path: string, disk: model.Version) => void
  /** A file, or all that is below a folder, is called otherwise now. */
  move: (from: string, to: string) => void
  /** Lets go of a file, or of all below a folder. */
  forget: (path: string) => void
}

/** The open files. Texts live outside React's state: a keystroke renders only when a mark changes. */
export function useBuffers(projectId: string): Buffers {
  const buffers = useRef(new Map<string, model.Buffer>())
  const back = useKeptBuffers(projectId, () => buffers.current)
  const [dirty, setDirty] = useState<ReadonlySet<string>>(() => {
    buffers.current = new Map(back?.buffers)
    return new Set(buffers.current.keys())
  })
  const [, setShown] = useState(0)

  const mark = useCallback(() => {
    const now = [...buffers.current].filter(([, buffer]) => model.isDirty(buffer)).map(([path]) => path)
    setDirty((before) =>
      before.size === now.length && now.every((path) => before.has(path)) ? before : new Set(now),
    )
  }, [])

  const verbs = useMemo(() => {
    const change = (path: string, next: (before: model.Buffer | undefined) => model.Buffer | undefined) => {
      const before = buffers.current.get(path)
      const after = next(before)
      if (!after) return
      buffers.current.set(path, after)
      mark()
      if (after.revision !== before?.revision || after.disk !== before.disk) setShown((count) => count + 1)
    }
    return {
      get: (path: string) => buffers.current.get(path),
      load: (path: string, disk: model.Version) => change(path, (before) => model.loaded(before, disk)),
      take: (path: string, disk: model.Version) => change(path, (before) => model.taken(before, disk)),
      deleted: (path: string) => change(path, (before) => before && model.deleted(before)),
      keep: (path: string) => change(path, (before) => before && model.kept(before)),
      edit: (path: string, text: string) => change(path, (before) => before && { ...before, text }),
      saved: (path: string, disk: model.Version) =>
        change(path, (before) => before && model.saved(before, disk)),
      move: (from: string, to: string) => {
        buffers.current = new Map([...buffers.current].map(([path, held]) => [moved(path, from, to), held]))
        mark()
      },
      forget: (path: string) => {
        for (const file of [...buffers.current.keys()]) if (isUnder(file, path)) buffers.current.delete(file)
        mark()
      },
    }
  }, [mark])
  return useMemo(() => ({ ...verbs, dirty }), [verbs, dirty])
}
