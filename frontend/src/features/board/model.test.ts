import { describe, expect, test } from 'vitest'
import type { TaskStatus } from '@/api/types'
import { aRun, aTask, STATES } from '@/testing/builders'
import {
  columnsOf,
  isActive,
  neighbourCard,
  neighbours,
  planDrop,
  runStateOf,
  targetsOf,
  withMoved,
} from './model'

const card = (id: string, status: TaskStatus = 'todo') => aTask({ id, status, title: id })
const ids = (tasks: { id: string }[]) => tasks.map(({ id }) => id)

describe('what a drop means', () => {
  test.each([
    ['todo', 'todo', 'reorder'],
    ['todo', 'in_progress', 'execute'],
    ['in_progress', 'todo', 'cancel'],
    ['ai_review', 'human_review', 'move'],
    ['human_review', 'done', 'move'],
    ['done', 'todo', 'move'],
    ['todo', 'done', 'refused'],
    ['in_progress', 'done', 'refused'],
    ['ai_review', 'in_progress', 'refused'],
  ] as const)('from %s to %s: %s', (source, target, kind) => {
    expect(planDrop(source, target, STATES).kind).toBe(kind)
  })

  test('a refusal says what to do instead', () => {
    const why = (source: TaskStatus, target: TaskStatus) => {
      const plan = planDrop(source, target, STATES)
      return plan.kind === 'refused' ? plan.reason : ''
    }
    expect(why('todo', 'done')).toMatch(/It can go to In progress/)
    expect(why('ai_review', 'in_progress')).toMatch(/send feedback/)
    expect(why('in_progress', 'human_review')).toMatch(/cancel the run/)
  })

  test('a menu offers what a drop would do', () => {
    for (const status of STATES.statuses) {
      const offered = targetsOf(card('a', status), STATES)
      const possible = STATES.statuses.filter(
        (target) => !['refused', 'reorder'].includes(planDrop(status, target, STATES).kind),
      )
      expect(offered).toEqual(possible)
    }
  })
})

describe('places in a column', () => {
  const column = [card('a'), card('b'), card('c')]

  test.each([
    ['c', 0, null, 'a'],
    ['a', 1, 'b', 'c'],
    ['a', 2, 'c', null],
    ['new', 3, 'c', null],
    ['new', Number.POSITIVE_INFINITY, null, null],
  ])('%s at %d stands after %s and before %s', (id, index, after, before) => {
    expect(neighbours(column, id, index)).toEqual({ after, before })
  })

  test('a moved card stands where it was put, and nowhere else', () => {
    const tasks = [card('a'), card('x', 'done'), card('b'), card('c')]
    expect(ids(columnsOf(withMoved(tasks, 'c', 'todo', 0)).todo)).toEqual(['c', 'a', 'b'])
    const across = columnsOf(withMoved(tasks, 'a', 'done', 1))
    expect(ids(across.done)).toEqual(['x', 'a'])
    expect(ids(across.todo)).toEqual(['b', 'c'])
    expect(withMoved(tasks, 'nobody', 'done', 0)).toBe(tasks)
  })

  test('the end of an empty column is its only place', () => {
    const moved = withMoved([card('a'), card('b')], 'a', 'in_progress', Number.POSITIVE_INFINITY)
    expect(ids(columnsOf(moved).in_progress)).toEqual(['a'])
  })
})

test('arrow keys walk through the board and skip what is empty', () => {
  const columns = columnsOf([card('a'), card('b'), card('c'), card('x', 'ai_review')])
  const from = (id: string, to: 'up' | 'down' | 'left' | 'right') =>
    neighbourCard(columns, STATES.statuses, id, to)
  expect(from('a', 'down')).toBe('b')
  expect(from('a', 'up')).toBeNull()
  expect(from('c', 'down')).toBeNull()
  expect(from('c', 'right')).toBe('x')
  expect(from('x', 'left')).toBe('a')
  expect(from('x', 'right')).toBeNull()
  expect(from('gone', 'up')).toBeNull()
})

test.each([
  [null, { kind: 'none' }, false],
  [aRun({ status: 'queued', queue_position: 2 }), { kind: 'queued', position: 2 }, true],
  [aRun({ status: 'starting' }), { kind: 'starting' }, true],
  [aRun({ status: 'running', execution_start_at: 'x' }), { kind: 'running', since: 'x' }, true],
  [aRun({ status: 'running', retry_message: 'busy' }), { kind: 'retrying', message: 'busy' }, true],
  [
    aRun({ status: 'completed', execution_end_at: '2026-01-01T12:00:05Z', cost: 0.5 }),
    { kind: 'ended', durationMs: 5000, cost: 0.5 },
    false,
  ],
])('a run is told as what it is', (run, state, active) => {
  expect(runStateOf(aTask({ run }))).toEqual(state)
  expect(isActive(aTask({ run }))).toBe(active)
})
