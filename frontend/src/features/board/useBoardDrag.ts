/** Dragging as state: a preview of the columns while a card is in the air, one `drop` when it lands. */
import {
  type CollisionDetection,
  closestCorners,
  type DragEndEvent,
  type DragOverEvent,
  type DragStartEvent,
  KeyboardSensor,
  MouseSensor,
  pointerWithin,
  rectIntersection,
  TouchSensor,
  type UniqueIdentifier,
  useSensor,
  useSensors,
} from '@dnd-kit/core'
import { useState } from 'react'
import type { States, Task, TaskStatus } from '@/api/types'
import type { BoardActions } from './context'
import { type Columns, indexOfDrop, previewOf, statusAt } from './drag'
import { cardCoordinates } from './keyboard'
import { planDrop } from './model'

/** The cache tells its readers a moment after a drop; until then the preview keeps the card from jumping back. */
const SETTLE_MS = 60

export interface Drag {
  task: Task
  columns: Columns
  over: TaskStatus
  refused: boolean
}

/**
 * The card under the pointer, else the column. The keyboard has no pointer: there it is what the card covers, since
 * by distance of corners a tall column would lose against any card of its neighbour.
 */
const collisions: CollisionDetection = (args) => {
  const within = args.pointerCoordinates ? pointerWithin(args) : rectIntersection(args)
  const cards = within.filter(({ id }) => !String(id).startsWith('column:'))
  if (cards.length > 0) return cards
  return within.length > 0 ? within : closestCorners(args)
}

export function useBoardDrag(columns: Columns, states: States, drop: BoardActions['drop']) {
  const [drag, setDrag] = useState<Drag | null>(null)
  const sensors = useSensors(
    // Without a distance every click would be a drag; touch waits, so that a swipe still scrolls.
    useSensor(MouseSensor, { activationConstraint: { distance: 5 } }),
    useSensor(TouchSensor, { activationConstraint: { delay: 220, tolerance: 8 } }),
    useSensor(KeyboardSensor, { coordinateGetter: cardCoordinates }),
  )

  const onDragStart = ({ active }: DragStartEvent) => {
    const task = Object.values(columns)
      .flat()
      .find(({ id }) => id === active.id)
    if (task) setDrag({ task, columns, over: task.status, refused: false })
  }

  const onDragOver = ({ active, over }: DragOverEvent) => {
    if (!drag || !over) return
    const status = statusAt(drag.columns, over.id)
    if (!status || status === drag.over) return
    const refused = planDrop(drag.task.status, status, states).kind === 'refused'
    const below = isBelow(active.rect.current.translated, over.rect)
    const preview = refused ? columns : previewOf(columns, drag.task, status, over.id, below)
    setDrag({ ...drag, over: status, refused, columns: preview })
  }

  const onDragEnd = ({ over }: DragEndEvent) => {
    if (!drag) return
    if (!over || drag.refused) {
      if (over) void drop(drag.task, drag.over)
      setDrag(null)
      return
    }
    land(drag, over.id)
  }

  const land = (landing: Drag, overId: UniqueIdentifier) => {
    const { status, index, columns: settled } = indexOfDrop(landing.columns, landing.task, overId)
    const same = status === landing.task.status && columns[status][index]?.id === landing.task.id
    if (same) {
      setDrag(null)
      return
    }
    setDrag({ ...landing, columns: settled })
    void drop(landing.task, status, index)
    setTimeout(() => setDrag((now) => (now?.task.id === landing.task.id ? null : now)), SETTLE_MS)
  }

  const handlers = { onDragStart, onDragOver, onDragEnd, onDragCancel: () => setDrag(null) }
  return { drag, sensors, collisions, handlers }
}

function isBelow(moving: { top: number } | null, over: { top: number; height: number }): boolean {
  return moving !== null && moving.top > over.top + over.height / 2
}
