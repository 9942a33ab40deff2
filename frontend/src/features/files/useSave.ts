import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ApiError, describe } from '@/api/errors'
import { writeFile } from '@/api/sdk'
import { useConfirm } from '@/ui/confirm'
import { toast } from '@/ui/toast'
import { contentOptions, useRefreshTree } from './api'
import type { Version } from './model/buffer'
import { readFile } from './model/content'
import { base64, ENCODING_NAMES, type Encoding, encoded } from './model/encoding'
import type { Buffers } from './useBuffers'

export interface SaveConflict {
  path: string
  mine: string
  /** What is on disk now; null if the file was deleted. */
  theirs: Version | null
}

/** What needs no coding; the server takes text as UTF-8 by itself. */
function plain(content: string): { content: string; encoding?: 'base64'; stored: Encoding } {
  return { content, stored: 'utf-8' }
}

/** Refusals because of what is on disk now; nothing else is settled by choosing a text. */
const CONFLICTS = new Set<unknown>(['changed', 'exists', 'deleted'])

/** Saving with the version that was read shown to the server, and the choice when that is not the newest. */
export function useSave(projectId: string, buffers: Buffers) {
  const [busy, setBusy] = useState(false)
  const [conflict, setConflict] = useState<SaveConflict | null>(null)
  const refresh = useRefreshTree(projectId)
  const client = useQueryClient()
  const confirm = useConfirm()

  /** The text as it goes to the server; null if the person would rather change it than the encoding. */
  const prepared = async (path: string, text: string) => {
    const encoding = buffers.get(path)?.encoding ?? 'utf-8'
    if (encoding === 'utf-8') return plain(text)
    const bytes = encoded(text, encoding)
    if (bytes) return { content: base64(bytes), encoding: 'base64' as const, stored: encoding }
    const sure = await confirm({
      title: 'Save as UTF-8?',
      body: `The file is written in ${ENCODING_NAMES[encoding]}, which has no letter for something in your text.`,
      action: 'Save as UTF-8',
    })
    return sure ? plain(text) : null
  }

  const written = async (path: string, version: Version) => {
    const { queryKey } = contentOptions(projectId, path)
    // A reading that began before the save would bring the old text back.
    await client.cancelQueries({ queryKey })
    buffers.saved(path, version)
    client.setQueryData(queryKey, { kind: 'text', ...version })
  }

  const write = async (path: string, text: string, base: string | null) => {
    setBusy(true)
    try {
      const sent = await prepared(path, text)
      if (!sent) return
      const { stored, ...body } = sent
      const { etag, created } = await writeFile({
        path: { project: projectId },
        body: { path, ...body, base_etag: base },
      })
      await written(path, { text, etag, encoding: stored })
      setConflict(null)
      if (created) void refresh()
    } catch (error) {
      if (!(error instanceof ApiError) || !CONFLICTS.has(error.details.reason)) throw error
      await compare(path, text, error)
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
