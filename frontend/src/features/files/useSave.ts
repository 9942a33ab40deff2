import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ApiError, describe } from '@/api/errors'
import { writeFile } from '@/api/sdk'
import { toast } from '@/ui/toast'
import { contentOptions, useRefreshTree } from './api'
import type { Version } from './model/buffer'
import { readFile } from './model/content'
import type { Buffers } from './useBuffers'

export interface SaveConflict {
  path: string
  mine: string
  /** What is on disk now; null if the file was deleted. */
  theirs: Version | null
}

/** Saving with the version that was read shown to the server, and the choice when that is not the newest. */
export function useSave(projectId: string, buffers: Buffers) {
  const [busy, setBusy] = useState(false)
  const [conflict, setConflict] = useState<SaveConflict | null>(null)
  const refresh = useRefreshTree(projectId)
  const client = useQueryClient()

  const written = async (path: string, version: Version) => {
    const { queryKey } = contentOptions(projectId, path)
    // A reading that began before the save would bring the old text back.
    await client.cancelQueries({ queryKey })
    buffers.saved(path, version)
    client.setQueryData(queryKey, { kind: 'text', ...version })
  }

  const write = async (path: string, content: string, base: string | null) => {
    setBusy(true)
    try {
      const { etag, created } = await writeFile({
        path: { project: projectId },
        body: { path, content, base_etag: base },
      })
      await written(path, { text: content, etag })
      setConflict(null)
      if (created) void refresh()
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
    if (theirs.text === mine) return written(path, theirs)
    setConflict({ path, mine, theirs })
  }

  const guarded = (work: Promise<void>) =>
    work.catch((error: unknown) => {
      toast.error('The file could not be saved', { description: describe(error).message })
    })

  const save = (path: string) => {
    const buffer = buffers.get(path)
    if (!buffer || busy || !buffers.dirty.has(path)) return Promise.resolve()
    return guarded(write(path, buffer.text, buffer.etag))
  }

  const keepMine = () => {
    if (!conflict) return Promise.resolve()
    const { path, mine, theirs } = conflict
    return guarded(write(path, mine, theirs?.etag ?? null))
  }

  const takeTheirs = () => {
    if (!conflict) return
    if (conflict.theirs) buffers.load(conflict.path, conflict.theirs)
    setConflict(null)
  }

  /** Shows what is on disk beside the text before anything is saved. */
  const look = (path: string) => {
    const buffer = buffers.get(path)
    if (!buffer?.disk || buffer.disk === 'deleted') return
    setConflict({ path, mine: buffer.text, theirs: buffer.disk })
  }

  return { save, busy, conflict, keepMine, takeTheirs, look, later: () => setConflict(null) }
}
