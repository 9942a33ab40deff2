import { describe, expect, it } from 'vitest'
import type { Interaction, OutputTool } from '@/api/types'
import { aTask, STATES } from '@/testing/builders'
import { answerInWords, answersOf, choose, noChoice, readPermission, readQuestions, write } from './asks'
import { boardOrder, neighbour, verbsOf, whyNotAgain } from './status'
import { eventInWords } from './timeline'
import { commandOf, fileOf, shapeOf, subjectOf, verbOf } from './tools'
import { runDuration, sayRun, totalTokens } from './verdict'

describe('what a permission asks', () => {
  it('reads command, patterns and what "always" would cover', () => {
    const ask = readPermission({
      permission: 'bash',
      patterns: ['npm test'],
      always: ['npm *'],
      metadata: { command: 'npm test -- --run' },
    })
    expect(ask).toMatchObject({
      permission: 'bash',
      command: 'npm test -- --run',
      always: ['npm *'],
      diff: null,
    })
  })

  it('reads the diff of an edit', () => {
    const ask = readPermission({ permission: 'edit', metadata: { filepath: 'a.py', diff: '@@ -1 +1 @@' } })
    expect(ask).toMatchObject({ path: 'a.py', diff: '@@ -1 +1 @@' })
  })

  it.each([{}, { metadata: null, patterns: 'x' }, { patterns: [1, null] }])(
    'survives odd forms %#',
    (request) => {
      expect(readPermission(request)).toMatchObject({ patterns: [], command: null })
    },
  )
})

describe('what a question asks', () => {
  it('reads several questions, dropping options without a label', () => {
    const questions = readQuestions({
      questions: [
        {
          question: 'Which?',
          header: 'Store',
          options: [
            { label: 'SQLite', description: 'small' },
            { label: 'Same', description: 'Same' },
            {},
            null,
          ],
        },
        { question: 'What else?', multiple: true },
      ],
    })
    expect(questions).toEqual([
      {
        question: 'Which?',
        header: 'Store',
        options: [
          { label: 'SQLite', description: 'small' },
          { label: 'Same', description: null },
        ],
        multiple: false,
      },
      { question: 'What else?', header: null, options: [], multiple: true },
    ])
  })

  it('survives a request without questions', () => {
    expect(readQuestions({})).toEqual([])
  })
})

describe('choosing', () => {
  it('lets one choice replace another and own words replace both', () => {
    const first = choose(noChoice, 'A', false)
    expect(answersOf([choose(first, 'B', false)])).toEqual([['B']])
    expect(answersOf([write(first, ' mine ', false)])).toEqual([['mine']])
  })

  it('adds and takes back among several, and joins own words', () => {
    const both = choose(choose(noChoice, 'A', true), 'B', true)
    expect(answersOf([choose(both, 'A', true)])).toEqual([['B']])
    expect(answersOf([write(both, 'C', true)])).toEqual([['A', 'B', 'C']])
  })

  it('keeps the choice when own words are only blanks', () => {
    expect(answersOf([write(choose(noChoice, 'A', false), '  ', false)])).toEqual([['A']])
  })
})

describe('answers in words', () => {
  const said = (answer: Record<string, unknown> | null) => answerInWords({ answer } as Interaction)
  it('says what was decided', () => {
    expect(said({ reply: 'reject', message: 'use yarn' })).toBe('Rejected: use yarn')
    expect(said({ reply: 'once' })).toBe('Allowed once')
    expect(said({ answers: [['A', 'B'], []], reject: false })).toBe('A, B; (nothing)')
    expect(said({ reject: true })).toBe('Dismissed')
    expect(said(null)).toBe('')
  })
})

describe('what may be done with a card', () => {
  it.each([
    ['todo', { run: true, cancel: false, feedback: false, approve: null, moves: [] }],
    ['in_progress', { run: false, cancel: true, feedback: false, approve: null, moves: [] }],
    ['ai_review', { run: false, feedback: true, approve: 'human_review', moves: ['todo', 'human_review'] }],
    ['human_review', { feedback: true, approve: 'done', moves: ['todo', 'done'] }],
    ['done', { feedback: false, approve: null, reopen: true, moves: ['todo'] }],
  ] as const)('%s', (status, verbs) => {
    expect(verbsOf({ status }, STATES)).toMatchObject(verbs)
  })
})

it.each([
  ['todo', null],
  ['in_progress', 'The agent is working on this card.'],
  ['ai_review', null],
  ['human_review', null],
  ['done', 'A card in Done is not run. Reopen it first.'],
] as const)('why a run is not repeated of a card in %s: %s', (status, why) => {
  expect(whyNotAgain(status, STATES)).toBe(why)
})

describe('walking the board', () => {
  it('goes down a column, then to the next one, and stops at the ends', () => {
    const [done, first, second] = [aTask({ status: 'done' }), aTask(), aTask()]
    const order = boardOrder([done, first, second], STATES)
    expect(order).toEqual([first, second, done])
    expect(neighbour(order, second.id, 1)).toBe(done)
    expect(neighbour(order, done.id, 1)).toBeNull()
    expect(neighbour(order, first.id, -1)).toBeNull()
    expect(neighbour(order, 'unknown', 1)).toBeNull()
  })
})

describe('the timeline', () => {
  it('says columns, causes and fields', () => {
    const say = (event_type: string, metadata = {}) => eventInWords({ event_type, metadata })
    expect(say('status_changed', { old: 'todo', new: 'in_progress', cause: 'execute' })).toBe(
      'To do → In progress (given to the agent)',
    )
    expect(say('edited', { fields: ['description', 'title'] })).toBe('Edited: description and title')
    expect(say('created')).toBe('Card created')
    expect(say('something_new')).toBe('Something new')
  })

  it.each([
    ['permission_answered', { reply: 'once' }, 'The permission was decided: allowed once'],
    ['permission_answered', { reply: 'always' }, 'The permission was decided: always allowed'],
    ['permission_answered', { reply: 'reject' }, 'The permission was decided: rejected'],
    ['permission_answered', {}, 'The permission was decided'],
    ['question_answered', { reject: true }, 'The question was dismissed'],
    ['question_answered', { reject: false }, 'The question was answered'],
    ['question_answered', {}, 'The question was answered'],
  ])('says of %s what was chosen: %o', (event_type, chosen, words) => {
    expect(eventInWords({ event_type, metadata: { interaction: 'i', ...chosen } })).toBe(words)
  })
})

describe('tools', () => {
  const call = (over: Partial<OutputTool>): OutputTool => ({
    part_id: 't',
    tool: 'read',
    state: 'completed',
    ...over,
  })

  it('knows shells, edits and sub-agents from the rest', () => {
    expect(['bash', 'write', 'task', 'grep', 'never_heard_of'].map(shapeOf)).toEqual([
      'shell',
      'edit',
      'task',
      'line',
      'line',
    ])
    expect(verbOf('never_heard_of')).toBe('never_heard_of')
  })

  it('says what the call is about, without the way to the workspace', () => {
    expect(fileOf(call({ input: { filePath: '/data/x/workspace/src/a.py' } }))).toBe('src/a.py')
    expect(subjectOf(call({ tool: 'grep', input: { pattern: 'TODO', path: 'src' } }))).toBe('/TODO/ in src')
    expect(subjectOf(call({ tool: 'glob', input: { pattern: '**/*.py' } }))).toBe('**/*.py')
    expect(subjectOf(call({ tool: 'webfetch', input: { url: 'https://a.example' } }))).toBe(
      'https://a.example',
    )
    expect(subjectOf(call({ title: 'README.md' }))).toBe('README.md')
    expect(commandOf(call({ tool: 'bash', input: { command: 'ls' } }))).toBe('ls')
  })
})

describe('runs in words', () => {
  it('prefers the verdict, and says the place in the queue', () => {
    expect(sayRun({ status: 'failed', verdict: 'timeout' }).label).toBe('Timed out')
    expect(sayRun({ status: 'queued', verdict: null, queue_position: 2 }).label).toBe('Queued #2')
  })

  it('measures a run that still goes on until now', () => {
    const start = '2026-01-01T12:00:00Z'
    const at = { execution_start_at: start, execution_end_at: null }
    expect(runDuration(at, Date.parse(start) + 5000)).toBe(5000)
    expect(runDuration({ ...at, execution_start_at: null }, 0)).toBeNull()
    expect(totalTokens({ input: 1, output: 2 })).toBe(3)
  })
})
