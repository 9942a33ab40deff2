import { createContext, useContext } from 'react'
import type { States, Task, TaskStatus } from '@/api/types'
import type { Selection } from './useSelection'

/** What the parts of one board share. */
export interface BoardActions {
  states: States
  /** The card whose panel stands beside the board. */
  openId: string | null
  cardUrl: (taskId: string) => string
  execute: (task: Task) => void
  /** Asks first: a cancelled run does not go on. */
  cancel: (task: Task) => Promise<void>
  /** By drag or menu; says why when the states do not allow it. `index` counts the column's other cards. */
  drop: (task: Task, status: TaskStatus, index?: number) => Promise<void>
  selection: Selection
  edit: (task: Task) => void
  remove: (task: Task) => void
}

export const BoardContext = createContext<BoardActions | null>(null)

export function useBoard(): BoardActions {
  const board = useContext(BoardContext)
  if (!board) throw new Error('this belongs inside a board')
  return board
}
