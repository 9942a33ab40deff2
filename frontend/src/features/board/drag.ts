/** Where a dragged card stands in the columns, as pure steps. Columns answer to the id `column:<status>`. */
import { arrayMove } from '@dnd-kit/sortable'
import type { Task, TaskStatus } from '@/api/types'
import type { Columns } from './model'

export type { Columns }

type Id = string | number

export const columnId = (status: TaskStatus) => `column:${status}`

/** The column that an id, of a card or of a column, belongs to. */
export function statusAt(columns: Columns, id: Id): TaskStatus | null {
  const statuses = Object.keys(columns) as TaskStatus[]
  return (
    statuses.find((status) => columnId(status) === id || columns[status].some((task) => task.id === id)) ??
    null
  )
}

/** The columns with the card held over `overId` in column `status`. */
export function previewOf(
  columns: Columns,
  card: Task,
  status: TaskStatus,
  overId: Id,
  below: boolean,
): Columns {
  if (status === card.status) return columns
  const target = columns[status]
  const over = target.findIndex((task) => task.id === overId)
  const index = over < 0 ? target.length : over + (below ? 1 : 0)
  return {
    ...columns,
    [card.status]: columns[card.status].filter((task) => task.id !== card.id),
    [status]: target.toSpliced(index, 0, card),
  }
}

/** Where the card comes to stand when let go over `overId`, and the columns that show it there. */
export function indexOfDrop(columns: Columns, card: Task, overId: Id) {
  const status = statusAt(columns, card.id) ?? card.status
  const column = columns[status]
  const from = column.findIndex((task) => task.id === card.id)
  const over = column.findIndex((task) => task.id === overId)
  const dropsOnColumn = columnId(status) === overId && status === card.status
  const index = over >= 0 ? over : dropsOnColumn ? column.length - 1 : from
  return { status, index, columns: { ...columns, [status]: arrayMove(column, from, index) } }
}
