import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useDraft } from '@/lib/draft'
import { pathsIn } from '@/lib/paths'
import { rememberCard } from './cards'
import { ApiError } from './errors'
import { boardTasksOptions, type CardRef } from './queries'
import { updateTask } from './sdk'
import type { Task } from './types'

export interface Texts {
  title: string
  description: string
  /** Paths of files, one in a line, as they are being written. */
  files: string
}

/** What was written, and the card as it was when that began. */
interface Draft {
  texts: Texts
  base: Texts
  version: number
}

interface Conflict {
  theirs: Texts
  version: number
}

type Saved = Pick<Task, 'title' | 'description' | 'file_references'>

function textsOf({ title, description, file_references }: Saved): Texts {
  return { title, description, files: file_references.join('\n') }
}

export function savedOf({ title, description, files }: Texts): Saved {
  return { title: title.trim(), description, file_references: pathsIn(files) }
}

function same(one: Texts, other: Texts): boolean {
  const paths = [one, other].map(({ files }) => pathsIn(files).join('\n'))
  return one.title === other.title && one.description === other.description && paths[0] === paths[1]
}

function isTexts(value: unknown): value is Texts {
  const { title, description, files } = (value ?? {}) as Partial<Texts>
  return [title, description, files].every((text) => typeof text === 'string')
}

function isSaved(value: unknown): value is Saved {
  const { title, description, file_references: paths } = (value ?? {}) as Partial<Saved>
  return typeof title === 'string' && typeof description === 'string' && Array.isArray(paths)
}

function isDraft(value: unknown): value is Draft {
  const { texts, base, version } = (value ?? {}) as Partial<Draft>
  return isTexts(texts) && isTexts(base) && typeof version === 'number'
}

function readConflict(error: unknown): Conflict | null {
  if (!(error instanceof ApiError) || error.status !== 409) return null
  const { current, version } = error.details
  return isSaved(current) && typeof version === 'number' ? { theirs: textsOf(current), version } : null
}

/**
 * Editing a card's texts such that nobody's words are lost: not by two people who do it at once, and not with the form.
 * `onEnd` hears that the editing is over, by saving or by giving up.
 */
export function useCardEditor(card: CardRef, task: Task, onEnd?: (saved: boolean) => void) {
  const client = useQueryClient()
  const [written, keep] = useDraft(`opm.card.${card.taskId}`, isDraft)
  const [opened, setOpened] = useState(false)
  const [conflict, setConflict] = useState<Conflict | null>(null)
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<unknown>(null)
  // As long as nothing was written, the card is shown as others change it.
  const fresh: Draft = { texts: textsOf(task), base: textsOf(task), version: task.version }
  const draft = written ?? fresh

  const end = (saved: boolean) => {
    keep(null)
    setOpened(false)
    setConflict(null)
    setFailure(null)
    onEnd?.(saved)
  }

  const send = async ({ texts, base, version }: Draft): Promise<void> => {
    setBusy(true)
    setFailure(null)
    try {
      const saved = await updateTask({
        path: { project: card.projectId, task: card.taskId },
        body: savedOf(texts),
        headers: { 'if-match': `"${version}"` },
      })
      rememberCard(client, card, saved)
      end(true)
    } catch (error) {
      const clash = readConflict(error)
      // The card moved on, but its texts did not change: there is nothing to decide.
      if (clash && same(clash.theirs, base)) return await send({ texts, base, version: clash.version })
      setConflict(clash)
      if (!clash) setFailure(error)
    } finally {
      setBusy(false)
    }
  }

  return {
    open: opened || written !== null,
    texts: draft.texts,
    /** There are words that would be lost. */
    dirty: written !== null,
    conflict,
    busy,
    failure,
    edit: () => setOpened(true),
    change: (texts: Texts) => {
      setOpened(true)
      const { base, version } = draft
      keep(same(texts, base) ? null : { texts, base, version })
    },
    cancel: () => end(false),
    save: () => (written ? send(written) : Promise.resolve(end(false))),
    keepMine: () =>
      written && conflict
        ? send({ ...written, base: conflict.theirs, version: conflict.version })
        : Promise.resolve(),
    takeTheirs: () => {
      void client.invalidateQueries({ queryKey: [{ _id: 'getTask' }] })
      void client.invalidateQueries({ queryKey: boardTasksOptions(card.projectId).queryKey })
      end(false)
    },
  }
}

export type CardEditor = ReturnType<typeof useCardEditor>
