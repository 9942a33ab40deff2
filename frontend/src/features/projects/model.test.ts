import { expect, test } from 'vitest'
import { anAttention, aProject } from '@/testing/builders'
import { byUrgency, podLook, slugOf, totalCards } from './model'

test('what holds an agent up comes first, then failures, reviews last; each oldest first', () => {
  const at = (kind: 'permission' | 'question' | 'failed' | 'review', hour: number) =>
    anAttention({ kind, since: `2026-01-01T0${hour}:00:00Z`, text: `${kind} ${hour}` })
  const items = [at('review', 1), at('failed', 2), at('question', 4), at('permission', 3)]
  expect(byUrgency(items).map(({ text }) => text)).toEqual([
    'permission 3',
    'question 4',
    'failed 2',
    'review 1',
  ])
})

test.each([
  ['absent', 'Stopped', false],
  ['pending', 'Starting', true],
  ['running', 'Running', false],
  ['stopping', 'Stopping', true],
  ['failed', 'Failed', false],
  ['new-state', 'new-state', false],
])('a pod that is %s is shown as %s', (pod_status, label, moving) => {
  expect(podLook({ pod_status })).toMatchObject({ label, moving })
})

test('cards are counted over all columns', () => {
  expect(totalCards(aProject({ task_counts: { todo: 2, done: 3 } }))).toBe(5)
  expect(totalCards(aProject())).toBe(0)
})

// The cases of the server's own test: both have to make the same of a name.
test.each([
  ['Tea timer', 'tea-timer'],
  ['  --Über  Größe!! ', 'uber-groe'],
  ['naïve café №5', 'naive-cafe-no5'],
  ['日本語', 'project'],
  ['🫖', 'project'],
  ['a'.repeat(80), 'a'.repeat(50)],
  [`${'x'.repeat(49)} y`, 'x'.repeat(49)],
  ['ﬁne ½', 'fine-12'],
  ['\uff21\uff11', 'a1'],
])('the address of %j is %j', (name, slug) => {
  expect(slugOf(name)).toBe(slug)
})

test('what has no name yet has no address', () => {
  expect(slugOf('  ')).toBe('')
})
