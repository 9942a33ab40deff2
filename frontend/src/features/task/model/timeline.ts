/** The lines of a card's history, in words. */
import type { TaskEvent, TaskStatus } from '@/api/types'
import { REPLIES } from './asks'
import { LABELS } from './status'

const CAUSES: Record<string, string> = {
  execute: 'given to the agent',
  feedback: 'feedback given',
  cancel: 'run cancelled',
  succeeded: 'run succeeded',
  failed: 'run failed',
  undo: 'move undone',
}

const PLAIN: Record<string, string> = {
  created: 'Card created',
  deleted: 'Card deleted',
  restored: 'Card restored',
  cancel_requested: 'Cancelling was asked for',
  permission_asked: 'The agent asked for a permission',
  permission_answered: 'The permission was decided',
  question_asked: 'The agent asked a question',
  run_deleted: 'A run was deleted',
  question_answered: 'The question was answered',
}

function column(value: unknown): string {
  return LABELS[value as TaskStatus] ?? String(value)
}

/** Why it came to this, where that was said. */
export function reasonOf({ metadata }: Pick<TaskEvent, 'metadata'>): string | null {
  return typeof metadata.reason === 'string' && metadata.reason ? metadata.reason : null
}

/** The server keeps the choice beside the event, and none of a person's own words. */
function decision(event_type: string, { reply, reject }: TaskEvent['metadata']): string | null {
  if (event_type === 'permission_answered' && typeof reply === 'string') {
    const words = REPLIES[reply]
    return words ? `The permission was decided: ${words.toLowerCase()}` : null
  }
  return event_type === 'question_answered' && reject === true ? 'The question was dismissed' : null
}

export function eventInWords({ event_type, metadata }: Pick<TaskEvent, 'event_type' | 'metadata'>): string {
  if (event_type === 'status_changed') {
    const cause = CAUSES[String(metadata.cause)]
    return `${column(metadata.old)} → ${column(metadata.new)}${cause ? ` (${cause})` : ''}`
  }
  if (event_type === 'edited') {
    const fields = Array.isArray(metadata.fields) ? metadata.fields.join(' and ').replaceAll('_', ' ') : ''
    return fields ? `Edited: ${fields}` : 'Edited'
  }
  const known = decision(event_type, metadata) ?? PLAIN[event_type]
  if (known) return known
  const words = event_type.replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}
