import { useState } from 'react'
import type { Task, TaskStatus } from '@/api/types'
import type { Columns } from './model'

export interface Selection {
  /** Cards are being chosen: a click on one chooses it. */
  on: boolean
  /** Only cards that are shown; one that a filter hides is not chosen. */
  tasks: readonly Task[]
  has: (id: string) => boolean
  start: () => void
  toggle: (id: string) => void
  /** Chooses everything from the card chosen last to this one, within a column. */
  reach: (id: string) => void
  /** Chooses these and no others; none of them ends the choosing. */
  keep: (tasks: readonly Pick<Task, 'id'>[]) => void
  clear: () => void
}

interface Chosen {
  on: boolean
  ids: ReadonlySet<string>
  last: string | null
}

const NOTHING: Chosen = { on: false, ids: new Set(), last: null }

export function useSelection(columns: Columns, order: TaskStatus[]): Selection {
  const [{ on, ids }, setChosen] = useState(NOTHING)
  const toggle = (id: string) =>
    setChosen((before) => {
      const next = new Set(before.ids)
      if (!next.delete(id)) next.add(id)
      return { on: true, ids: next, last: id }
    })
  const reach = (id: string) =>
    setChosen((before) => {
      const column = order
        .map((status) => columns[status])
        .find((cards) => cards.some((one) => one.id === id))
      const places = [before.last ?? id, id].map((each) => column?.findIndex((one) => one.id === each) ?? -1)
      const [from = -1, to = -1] = places.sort((one, other) => one - other)
      const between = from < 0 ? [id] : (column ?? []).slice(from, to + 1).map((one) => one.id)
      return { on: true, ids: new Set([...before.ids, ...between]), last: id }
    })
  const tasks = order.flatMap((status) => columns[status]).filter((task) => ids.has(task.id))
  return {
    on,
    tasks,
    has: (id) => ids.has(id),
    start: () => setChosen((before) => ({ ...before, on: true })),
    toggle,
    reach,
    keep: (kept) =>
      setChosen(kept.length > 0 ? { on: true, ids: new Set(kept.map(({ id }) => id)), last: null } : NOTHING),
    clear: () => setChosen(NOTHING),
  }
}
