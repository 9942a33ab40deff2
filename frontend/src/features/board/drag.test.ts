import { expect, test } from 'vitest'
import type { TaskStatus } from '@/api/types'
import { aTask } from '@/testing/builders'
import { indexOfDrop, previewOf, statusAt } from './drag'
import { columnsOf } from './model'

const card = (id: string, status: TaskStatus = 'todo') => aTask({ id, status })
const [a, b, c] = [card('a'), card('b'), card('c')]
const x = card('x', 'in_progress')
const columns = columnsOf([a, b, c, x])
const ids = (tasks: { id: string }[]) => tasks.map(({ id }) => id)

test('a card and a column both name their column', () => {
  expect(statusAt(columns, 'x')).toBe('in_progress')
  expect(statusAt(columns, 'column:done')).toBe('done')
  expect(statusAt(columns, 'gone')).toBeNull()
})

test('held over another column, the card stands where it would land', () => {
  expect(ids(previewOf(columns, a, 'in_progress', 'x', false).in_progress)).toEqual(['a', 'x'])
  const below = previewOf(columns, a, 'in_progress', 'x', true)
  expect(ids(below.in_progress)).toEqual(['x', 'a'])
  expect(ids(below.todo)).toEqual(['b', 'c'])
  expect(ids(previewOf(columns, a, 'done', 'column:done', false).done)).toEqual(['a'])
})

test('held over its own column again, it is as if it had never left', () => {
  expect(previewOf(columns, a, 'todo', 'b', false)).toBe(columns)
})

test('let go over a card of its column, it takes that place', () => {
  const drop = indexOfDrop(columns, a, 'c')
  expect(drop).toMatchObject({ status: 'todo', index: 2 })
  expect(ids(drop.columns.todo)).toEqual(['b', 'c', 'a'])
  expect(indexOfDrop(columns, c, 'a').index).toBe(0)
})

test('let go below the cards of its column, it goes to the end', () => {
  expect(indexOfDrop(columns, a, 'column:todo')).toMatchObject({ status: 'todo', index: 2 })
})

test('let go in another column, it stays where the preview showed it', () => {
  const preview = previewOf(columns, a, 'in_progress', 'x', false)
  expect(indexOfDrop(preview, a, 'column:in_progress')).toMatchObject({ status: 'in_progress', index: 0 })
  expect(indexOfDrop(preview, a, 'a')).toMatchObject({ status: 'in_progress', index: 0 })
})
