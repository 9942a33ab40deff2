import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { ApiError } from '@/api/errors'
import { useConfirm } from '@/ui/confirm'
import { contentOptions } from './api'
import type { Buffers } from './useBuffers'

export function isMissing(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404
}

/** Reads the file when it is shown and whenever it is said to have changed, and brings that into its buffer. */
export function useFile(projectId: string, path: string, buffers: Buffers) {
  const confirm = useConfirm()
  const content = useQuery(contentOptions(projectId, path))
  const { data, error, dataUpdatedAt, errorUpdatedAt, refetch } = content
  const latest = useRef(buffers)
  latest.current = buffers

  // biome-ignore lint/correctness/useExhaustiveDependencies: also the same text, read anew, ends a warning
  useEffect(() => {
    if (data?.kind === 'text') latest.current.take(path, data)
  }, [data, dataUpdatedAt, path])
  // biome-ignore lint/correctness/useExhaustiveDependencies: a file may be deleted more than once
  useEffect(() => {
    if (isMissing(error)) latest.current.deleted(path)
  }, [error, errorUpdatedAt, path])

  const readAgain = async () => {
    const question = {
      title: 'Read the file again?',
      body: 'Your unsaved changes to it are lost.',
      action: 'Read again',
      danger: true,
    }
    if (buffers.dirty.has(path) && !(await confirm(question))) return
    const read = await refetch()
    if (read.data?.kind === 'text' && !read.error) buffers.load(path, read.data)
  }
  return { content: data, error, readAgain }
}
