/** What an ask of the agent contains, read carefully: its form is the agent's, not ours. */
import type { Interaction } from '@/api/types'

export interface PermissionAsk {
  permission: string
  patterns: string[]
  always: string[]
  command: string | null
  path: string | null
  diff: string | null
}

export interface QuestionOption {
  label: string
  description: string | null
}

export interface QuestionAsk {
  question: string
  header: string | null
  options: QuestionOption[]
  multiple: boolean
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value ? value : null
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === 'string') : []
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

export function readPermission(request: Interaction['request']): PermissionAsk {
  const metadata = record(request.metadata)
  return {
    permission: text(request.permission) ?? 'something',
    patterns: texts(request.patterns),
    always: texts(request.always),
    command: text(metadata.command),
    path: text(metadata.filepath) ?? text(metadata.filePath) ?? text(metadata.url),
    diff: text(metadata.diff),
  }
}

export function readQuestions(request: Interaction['request']): QuestionAsk[] {
  const questions = Array.isArray(request.questions) ? request.questions : []
  return questions.map(record).map((entry) => ({
    question: text(entry.question) ?? 'The agent asks for your choice.',
    header: text(entry.header),
    options: (Array.isArray(entry.options) ? entry.options : []).map(record).flatMap((option) => {
      const label = text(option.label)
      const description = text(option.description)
      return label ? [{ label, description: description === label ? null : description }] : []
    }),
    multiple: entry.multiple === true,
  }))
}

export interface Choice {
  chosen: string[]
  own: string
}

export const noChoice: Choice = { chosen: [], own: '' }

export function areChoices(value: unknown): value is Choice[] {
  return (
    Array.isArray(value) &&
    value.map(record).every(({ chosen, own }) => Array.isArray(chosen) && typeof own === 'string')
  )
}

export function choose(choice: Choice, label: string, multiple: boolean): Choice {
  if (!multiple) return { chosen: [label], own: '' }
  const chosen = choice.chosen.includes(label)
    ? choice.chosen.filter((other) => other !== label)
    : [...choice.chosen, label]
  return { ...choice, chosen }
}

/** Own words replace the choice of a single-choice question, and join those of a multiple-choice one. */
export function write(choice: Choice, own: string, multiple: boolean): Choice {
  return { chosen: multiple || !own.trim() ? choice.chosen : [], own }
}

export function answersOf(choices: Choice[]): string[][] {
  return choices.map(({ chosen, own }) => [...chosen, ...(own.trim() ? [own.trim()] : [])])
}

export function isPending(interaction: Interaction): boolean {
  return interaction.state === 'pending' && isAsk(interaction)
}

export function isAsk({ kind }: Interaction): boolean {
  return kind === 'permission' || kind === 'question'
}

export const REPLIES: Record<string, string> = {
  once: 'Allowed once',
  always: 'Always allowed',
  reject: 'Rejected',
}

/** What was answered, in words. */
export function answerInWords({ answer }: Interaction): string {
  if (!answer) return ''
  if (typeof answer.reply === 'string') {
    const message = text(answer.message)
    return (REPLIES[answer.reply] ?? answer.reply) + (message ? `: ${message}` : '')
  }
  if (answer.reject) return 'Dismissed'
  const lists = Array.isArray(answer.answers) ? answer.answers : []
  return lists.map((list) => texts(list).join(', ') || '(nothing)').join('; ')
}
