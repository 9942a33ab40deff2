import { useState } from 'react'
import { ApiError, describe } from '@/api/errors'
import { writeFile } from '@/api/sdk'
import { toast } from '@/ui/toast'
import { useRefreshTree } from './api'
import { readFile } from './model/content'
import type { Buffers } from './useBuffers'

export interface SaveConflict {
  path: string
  mine: string
  /** What is on disk now; null if the file was deleted. */
  theirs: { text: string; etag: string } | null
}

/** Saving with the version that was read shown to the server, and the choice when that is not the newest. */
export function useSave(projectId: string, buffers: Buffers) {
  const [busy, setBusy] = useState(false)
  const [conflict, setConflict] = useState<SaveConflict | null>(null)
  const refresh = useRefreshTree(projectId)

  const write = async (path: string, content: string, base: string | null, overwrite: boolean) => {
    setBusy(true)
    try {
      const written = await writeFile({
        path: { project: projectId },
        body: { path, content, base_etag: base, overwrite },
      })
      buffers.saved(path, content, written.etag)
      setConflict(null)
      if (written.created) void refresh()
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409) throw error
      await compare(path, content, error)
    } finally {
      setBusy(false)
    }
  }

  const compare = async (path: string, mine: string, error: ApiError) => {
    if (error.details.reason === 'deleted') return setConflict({ path, mine, theirs: null })
    const theirs = await readFile(projectId, path)
    if (theirs.kind !== 'text') throw error
    // Both wrote the same: there is nothing to decide.
    if (theirs.text === mine) return buffers.saved(path, mine, theirs.etag)
    setConflict({ path, mine, theirs })
  }

  const guarded = (work: Promise<void>) =>
    work.catch((error: unknown) => {
      toast.error('The file could not be saved', { description: describe(error).message })
    })

  const save = (path: string) => {
    const buffer = buffers.get(path)
    if (!buffer || busy || buffer.text === buffer.saved) return Promise.resolve()
    return guarded(write(path, buffer.text, buffer.etag, buffer.etag === null))
  }

  const keepMine = () => {
    if (!conflict) return Promise.resolve()
    const { path, mine, theirs } = conflict
    return guarded(write(path, mine, theirs?.etag ?? null, theirs === null))
  }

  const takeTheirs = () => {
    if (!conflict) return
    if (conflict.theirs) buffers.load(conflict.path, conflict.theirs.text, conflict.theirs.etag)
    else buffers.forget(conflict.path)
    setConflict(null)
  }

  return { save, busy, conflict, keepMine, takeTheirs, later: () => setConflict(null) }
}
