/** The columns in words, and what a person may do with a card in each. */
import type { States, Task, TaskStatus } from '@/api/types'
import type { BadgeTone } from '@/ui/badge'

export const LABELS: Record<TaskStatus, string> = {
  todo: 'To do',
  in_progress: 'In progress',
  ai_review: 'AI review',
  human_review: 'Human review',
  done: 'Done',
}

export const TONES: Record<TaskStatus, BadgeTone> = {
  todo: 'neutral',
  in_progress: 'info',
  ai_review: 'accent',
  human_review: 'warn',
  done: 'ok',
}

export interface Verbs {
  run: boolean
  cancel: boolean
  feedback: boolean
  /** Where approval brings the card. */
  approve: TaskStatus | null
  reopen: boolean
  /** Every column it may be put into by hand; running and cancelling have verbs of their own. */
  moves: TaskStatus[]
}

export function verbsOf(task: Pick<Task, 'status'>, states: States): Verbs {
  const { status } = task
  const run = states.execute_from.includes(status)
  const working = status === 'in_progress'
  const moves = working ? [] : (states.moves[status] ?? []).filter((target) => target !== 'in_progress')
  const onwards = moves.filter((target) => states.statuses.indexOf(target) > states.statuses.indexOf(status))
  return {
    run,
    cancel: working,
    feedback: states.feedback_from.includes(status),
    approve: onwards[0] ?? null,
    reopen: status === 'done' && moves.includes('todo'),
    moves,
  }
}

/** Why the agent cannot be given a prompt of this card again, though the run that had it is over. */
export function whyNotAgain(status: TaskStatus, states: States): string | null {
  if (states.execute_from.includes(status) || states.feedback_from.includes(status)) return null
  return status === 'in_progress'
    ? 'The agent is working on this card.'
    : `A card in ${LABELS[status]} is not run. Reopen it first.`
}

/** Cards in the order in which a reader of the board meets them. */
export function boardOrder(tasks: Task[], states: States): Task[] {
  return states.statuses.flatMap((status) => tasks.filter((task) => task.status === status))
}

export function neighbour(tasks: Task[], id: string, step: 1 | -1): Task | null {
  const place = tasks.findIndex((task) => task.id === id)
  return place < 0 ? null : (tasks[place + step] ?? null)
}
