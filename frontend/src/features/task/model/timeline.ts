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

function decision(metadata: TaskEvent['metadata']): string | null {
  const { answer } = metadata
  if (typeof answer !== 'object' || answer === null) return null
  return REPLIES[String((answer as Record<string, unknown>).reply)] ?? null
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
  if (event_type === 'permission_answered') {
    const decided = decision(metadata)
    if (decided) return `The permission was decided: ${decided.toLowerCase()}`
  }
  const known = PLAIN[event_type]
  if (known) return known
  const words = event_type.replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}
