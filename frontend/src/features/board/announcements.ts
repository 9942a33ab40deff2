import type { Announcements, ScreenReaderInstructions, UniqueIdentifier } from '@dnd-kit/core'
import type { States } from '@/api/types'
import { statusAt } from './drag'
import { type Columns, LABELS, planDrop } from './model'

const screenReaderInstructions: ScreenReaderInstructions = {
  draggable:
    'To pick up the card press Space or Enter. Move it with the arrow keys, press Space or Enter again to drop it, or Escape to put it back.',
}

/** What a screen reader hears while a card is moved. */
export function announcementsFor(columns: Columns, states: States) {
  const all = Object.values(columns).flat()
  const title = (id: UniqueIdentifier) => all.find((task) => task.id === id)?.title ?? 'The card'
  const source = (id: UniqueIdentifier) => all.find((task) => task.id === id)?.status
  const place = (id: UniqueIdentifier, over: UniqueIdentifier | undefined) => {
    const status = over === undefined ? null : statusAt(columns, over)
    const from = source(id)
    if (!status || !from) return 'no column'
    const refused = planDrop(from, status, states).kind === 'refused'
    return refused ? `${LABELS[status]}, where it cannot go` : LABELS[status]
  }
  const announcements: Announcements = {
    onDragStart: ({ active }) => `Picked up ${title(active.id)}.`,
    onDragOver: ({ active, over }) => `${title(active.id)} is over ${place(active.id, over?.id)}.`,
    onDragEnd: ({ active, over }) => `${title(active.id)} was dropped on ${place(active.id, over?.id)}.`,
    onDragCancel: ({ active }) => `${title(active.id)} was put back.`,
  }
  return { announcements, screenReaderInstructions }
}
