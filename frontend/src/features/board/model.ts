/** The board without React: columns, what a drop means, and where a card lands. */
import type { States, Task, TaskStatus } from '@/api/types'

export const LABELS: Record<TaskStatus, string> = {
  todo: 'To do',
  in_progress: 'In progress',
  ai_review: 'AI review',
  human_review: 'Human review',
  done: 'Done',
}

export type Columns = Record<TaskStatus, Task[]>

/** Cards by column; the order of the list is the order in the column. */
export function columnsOf(tasks: Task[]): Columns {
  const columns: Columns = { todo: [], in_progress: [], ai_review: [], human_review: [], done: [] }
  for (const task of tasks) columns[task.status].push(task)
  return columns
}

export type Drop =
  | { kind: 'reorder' }
  | { kind: 'move' }
  | { kind: 'execute' }
  | { kind: 'cancel' }
  | { kind: 'refused'; reason: string }

/** What letting go of a card over a column does, by the server's table of states. */
export function planDrop(source: TaskStatus, target: TaskStatus, states: States): Drop {
  if (source === target) return { kind: 'reorder' }
  if (!states.moves[source]?.includes(target))
    return { kind: 'refused', reason: whyNot(source, target, states) }
  if (target === 'in_progress') return { kind: 'execute' }
  if (source === 'in_progress') return { kind: 'cancel' }
  return { kind: 'move' }
}

function whyNot(source: TaskStatus, target: TaskStatus, states: States): string {
  if (source === 'in_progress') {
    return 'The agent is working on this card. It moves on by itself; cancel the run to take it back to To do.'
  }
  if (target === 'in_progress' && states.feedback_from.includes(source)) {
    return 'Open the card and send feedback: that gives it back to the agent.'
  }
  const possible = (states.moves[source] ?? []).map((status) => LABELS[status])
  const where = possible.length > 0 ? `It can go to ${possible.join(' or ')}.` : 'It stays where it is.'
  return `A card in ${LABELS[source]} cannot go to ${LABELS[target]}. ${where}`
}

/** Where this card may be sent by a menu, in board order. */
export function targetsOf(task: Task, states: States): TaskStatus[] {
  return states.statuses.filter(
    (status) => status !== task.status && states.moves[task.status]?.includes(status),
  )
}

/** The neighbours of place `index` in a column, as the server wants them named. */
export function neighbours(column: Task[], cardId: string, index: number) {
  const others = column.filter((task) => task.id !== cardId)
  return { after: others[index - 1]?.id ?? null, before: others[index]?.id ?? null }
}

/** Place `index` among those cards of a column that are shown, as a place among all of them. */
export function placeAmongAll(
  all: Task[],
  shown: Task[],
  card: Task,
  status: TaskStatus,
  index: number,
): number {
  const others = all.filter((task) => task.status === status && task.id !== card.id)
  const seen = shown.filter((task) => task.id !== card.id)
  const next = seen[index]
  if (next) return others.indexOf(next)
  const last = seen.at(-1)
  return last && Number.isFinite(index) ? others.indexOf(last) + 1 : others.length
}

/** The list as it will be once the card stands at `index` of column `status`. */
export function withMoved(tasks: Task[], cardId: string, status: TaskStatus, index: number): Task[] {
  const card = tasks.find((task) => task.id === cardId)
  if (!card) return tasks
  const others = tasks.filter((task) => task.id !== cardId)
  const column = others.filter((task) => task.status === status)
  const next = column[index]
  const at = next ? others.indexOf(next) : others.length
  return others.toSpliced(at, 0, { ...card, status })
}

export type Direction = 'up' | 'down' | 'left' | 'right'

/** The card to focus from `cardId`; sideways it skips empty columns and keeps the height as well as it can. */
export function neighbourCard(
  columns: Columns,
  order: TaskStatus[],
  cardId: string,
  to: Direction,
): string | null {
  const column = order.findIndex((status) => columns[status].some((task) => task.id === cardId))
  const here = order[column]
  if (here === undefined) return null
  const row = columns[here].findIndex((task) => task.id === cardId)
  if (to === 'up' || to === 'down') return columns[here][row + (to === 'down' ? 1 : -1)]?.id ?? null
  const step = to === 'right' ? 1 : -1
  for (let next = column + step; next >= 0 && next < order.length; next += step) {
    const cards = columns[order[next] as TaskStatus]
    if (cards.length > 0) return cards[Math.min(row, cards.length - 1)]?.id ?? null
  }
  return null
}

export type RunState =
  | { kind: 'none' }
  | { kind: 'queued'; position: number | null }
  | { kind: 'starting' }
  | { kind: 'running'; since: string | null }
  | { kind: 'retrying'; message: string }
  | { kind: 'ended'; durationMs: number | null; cost: number }

export function runStateOf(task: Task): RunState {
  const run = task.run
  if (!run) return { kind: 'none' }
  if (run.status === 'queued') return { kind: 'queued', position: run.queue_position ?? null }
  if (run.status === 'starting') return { kind: 'starting' }
  if (run.status === 'running') {
    return run.retry_message
      ? { kind: 'retrying', message: run.retry_message }
      : { kind: 'running', since: run.execution_start_at }
  }
  const { execution_start_at: from, execution_end_at: to } = run
  const measured = from && to ? Date.parse(to) - Date.parse(from) : null
  return { kind: 'ended', durationMs: task.execution_duration_ms ?? measured, cost: run.cost ?? 0 }
}

export function isActive(task: Task): boolean {
  return ['queued', 'starting', 'running'].includes(task.run?.status ?? '')
}
