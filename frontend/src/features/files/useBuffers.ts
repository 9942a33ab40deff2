import { useCallback, useMemo, useRef, useState } from 'react'

export interface Buffer {
  /** The version on disk that the text is based on; null after the file was deleted under it. */
  etag: string | null
  saved: string
  text: string
  /** Grows when the text was replaced from outside, so that an editor takes it over. */
  revision: number
}

export interface Buffers {
  get: (path: string) => Buffer | undefined
  /** Which files differ from what is saved. */
  dirty: ReadonlySet<string>
  /** Takes what was read from disk. */
  load: (path: string, text: string, etag: string) => void
  edit: (path: string, text: string) => void
  /** `text` is on disk now; what was typed since stays. */
  saved: (path: string, text: string, etag: string) => void
  forget: (path: string) => void
}

/** The open files. Texts live outside React's state: a keystroke renders only when a mark changes. */
export function useBuffers(): Buffers {
  const buffers = useRef(new Map<string, Buffer>())
  const [dirty, setDirty] = useState<ReadonlySet<string>>(new Set())

  const mark = useCallback((path: string) => {
    const buffer = buffers.current.get(path)
    const changed = buffer !== undefined && buffer.text !== buffer.saved
    setDirty((before) => {
      if (before.has(path) === changed) return before
      const next = new Set(before)
      if (changed) next.add(path)
      else next.delete(path)
      return next
    })
  }, [])

  const verbs = useMemo(() => {
    const put = (path: string, buffer: Buffer) => {
      buffers.current.set(path, buffer)
      mark(path)
    }
    return {
      get: (path: string) => buffers.current.get(path),
      load: (path: string, text: string, etag: string) => {
        const revision = (buffers.current.get(path)?.revision ?? 0) + 1
        put(path, { etag, saved: text, text, revision })
      },
      edit: (path: string, text: string) => {
        const before = buffers.current.get(path)
        if (before) put(path, { ...before, text })
      },
      saved: (path: string, text: string, etag: string) => {
        const before = buffers.current.get(path)
        if (before) put(path, { ...before, saved: text, etag })
      },
      forget: (path: string) => {
        buffers.current.delete(path)
        mark(path)
      },
    }
  }, [mark])
  return useMemo(() => ({ ...verbs, dirty }), [verbs, dirty])
}
