/** Where the arrow keys take a card that is held by keyboard. */
import type { KeyboardCoordinateGetter } from '@dnd-kit/core'
import { sortableKeyboardCoordinates } from '@dnd-kit/sortable'

const PADDING = 8

/** Up and down from card to card; left and right exactly one column, at the same height. */
export const cardCoordinates: KeyboardCoordinateGetter = (event, args) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.code]
  if (step === undefined) return sortableKeyboardCoordinates(event, args)
  const { collisionRect, droppableContainers, droppableRects } = args.context
  if (!collisionRect) return undefined
  const columns = droppableContainers
    .getEnabled()
    .filter(({ id }) => String(id).startsWith('column:'))
    .flatMap(({ id }) => droppableRects.get(id) ?? [])
    .toSorted((a, b) => a.left - b.left)
  const center = collisionRect.left + collisionRect.width / 2
  const here = columns.findIndex((rect) => center >= rect.left && center <= rect.right)
  const target = columns[here + step]
  if (here < 0 || !target) return undefined
  event.preventDefault()
  return { x: target.left + PADDING, y: Math.max(collisionRect.top, target.top + PADDING) }
}
