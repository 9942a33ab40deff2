import type { Task, TaskStatus } from '@/api/types'
import { useReadOnly } from '@/lib/readOnly'
import { useShortcut } from '@/lib/shortcuts'
import type { BoardActions } from './context'
import { type Columns, type Direction, neighbourCard } from './model'

const GROUP = 'Board'

function focusedCard(): string | null {
  const focused = document.activeElement?.closest<HTMLElement>('[data-card]')
  return focused?.dataset.card ?? null
}

function focusCard(id: string): void {
  document.querySelector<HTMLElement>(`[data-card-link="${CSS.escape(id)}"]`)?.focus()
}

/** Arrow keys walk from card to card; single keys act on the card that has the focus. */
export function useCardKeys(columns: Columns, order: TaskStatus[], actions: BoardActions): void {
  const { selection } = actions
  const changes = !useReadOnly()
  const walk = (to: Direction) => () => {
    const from = focusedCard()
    // Arrow keys belong to the page until a card has been reached.
    if (!from) return false
    const next = neighbourCard(columns, order, from, to)
    if (next) focusCard(next)
    return true
  }
  const onCard = (act: (task: Task) => void) => () => {
    const id = focusedCard()
    const task = Object.values(columns)
      .flat()
      .find((candidate) => candidate.id === id)
    if (!task) return false
    act(task)
    return true
  }
  useShortcut('arrowup', 'Card above', GROUP, walk('up'))
  useShortcut('arrowdown', 'Card below', GROUP, walk('down'))
  useShortcut('arrowleft', 'Column to the left', GROUP, walk('left'))
  useShortcut('arrowright', 'Column to the right', GROUP, walk('right'))
  const execute = (task: Task) => {
    if (actions.states.execute_from.includes(task.status)) actions.execute(task)
  }
  const select = (to: Direction) => () => {
    const from = focusedCard()
    const next = from && neighbourCard(columns, order, from, to)
    if (!from || !next) return false
    if (!selection.has(from)) selection.toggle(from)
    selection.reach(next)
    focusCard(next)
    return true
  }
  useShortcut(
    'x',
    'Select the focused card',
    GROUP,
    onCard((task) => selection.toggle(task.id)),
    changes,
  )
  useShortcut('shift+arrowup', 'Select upwards', GROUP, select('up'), changes)
  useShortcut('shift+arrowdown', 'Select downwards', GROUP, select('down'), changes)
  useShortcut('escape', 'Select nothing', GROUP, selection.clear, selection.on)
  useShortcut('r', 'Execute the focused card', GROUP, onCard(execute), changes)
  useShortcut('e', 'Edit the focused card', GROUP, onCard(actions.edit), changes)
}
