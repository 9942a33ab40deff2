import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ApiError, describe } from '@/api/errors'
import type { CardRef } from '@/api/queries'
import { updateTask } from '@/api/sdk'
import type { Task } from '@/api/types'
import { remember } from '../api'

export interface Texts {
  title: string
  description: string
}

export interface Conflict {
  theirs: Texts
  version: number
}

function textsOf({ title, description }: Texts): Texts {
  return { title, description }
}

function same(one: Texts, other: Texts): boolean {
  return one.title === other.title && one.description === other.description
}

function readConflict(error: unknown): Conflict | null {
  if (!(error instanceof ApiError) || error.status !== 409) return null
  const { current, version } = error.details as { current?: Texts; version?: number }
  return current && typeof version === 'number' ? { theirs: textsOf(current), version } : null
}

/** Editing a card's texts such that nobody's words are lost when two people do it at once. */
export function useCardEditor(card: CardRef, task: Task) {
  const client = useQueryClient()
  const [draft, setDraft] = useState<Texts | null>(null)
  const [base, setBase] = useState({ texts: textsOf(task), version: task.version })
  const [conflict, setConflict] = useState<Conflict | null>(null)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string | null>(null)

  const close = () => {
    setDraft(null)
    setConflict(null)
    setError(null)
  }

  const save = async (texts: Texts, version: number): Promise<void> => {
    setBusy(true)
    setError(null)
    try {
      const saved = await updateTask({
        path: { project: card.projectId, task: card.taskId },
        body: texts,
        headers: { 'if-match': `"${version}"` },
      })
      remember(client, card, saved)
      close()
    } catch (failure) {
      const clash = readConflict(failure)
      // The card moved on, but its texts did not change: there is nothing to decide.
      if (clash && same(clash.theirs, base.texts)) return save(texts, clash.version)
      setConflict(clash)
      if (!clash) setError(describe(failure).message)
    } finally {
      setBusy(false)
    }
  }

  return {
    draft,
    conflict,
    busy,
    error,
    edit: () => {
      setBase({ texts: textsOf(task), version: task.version })
      setDraft(textsOf(task))
    },
    change: (texts: Texts) => setDraft(texts),
    cancel: close,
    save: () => (draft && !same(draft, base.texts) ? save(draft, base.version) : Promise.resolve(close())),
    keepMine: () => (draft && conflict ? save(draft, conflict.version) : Promise.resolve()),
    takeTheirs: () => {
      void client.invalidateQueries({ queryKey: [{ _id: 'getTask' }] })
      close()
    },
  }
}
