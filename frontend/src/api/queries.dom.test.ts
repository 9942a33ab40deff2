import { QueryClient } from '@tanstack/react-query'
import { HttpResponse, http } from 'msw'
import { expect, test } from 'vitest'
import { aTask } from '@/testing/builders'
import { ORIGIN, server } from '@/testing/server'
import { getTaskOptions } from './options'
import { boardTasksOptions, queriesOf } from './queries'

test('a board is read page by page until its end', async () => {
  const [first, second] = [aTask(), aTask()]
  const cursors: (string | null)[] = []
  server.use(
    http.get(`${ORIGIN}/api/projects/p/tasks`, ({ request }) => {
      const query = new URL(request.url).searchParams
      expect(query.get('limit')).toBe('200')
      cursors.push(query.get('cursor'))
      return HttpResponse.json(
        query.get('cursor')
          ? { items: [second], next_cursor: null }
          : { items: [first], next_cursor: 'next' },
      )
    }),
  )
  const tasks = await new QueryClient().fetchQuery(boardTasksOptions('p'))
  expect(tasks.map(({ id }) => id)).toEqual([first.id, second.id])
  expect(cursors).toEqual([null, 'next'])
})

test('queries are found by operation, by project and by card', () => {
  const client = new QueryClient()
  client.setQueryData(boardTasksOptions('p').queryKey, [])
  client.setQueryData(boardTasksOptions('q').queryKey, [])
  client.setQueryData(getTaskOptions({ path: { project: 'p', task: 't' } }).queryKey, aTask())
  const found = (...args: Parameters<typeof queriesOf>) =>
    client.getQueryCache().findAll({ predicate: queriesOf(...args) }).length
  expect(found(['listTasks'])).toBe(2)
  expect(found(['listTasks'], 'p')).toBe(1)
  expect(found(null, 'p')).toBe(2)
  expect(found(null, 't')).toBe(1)
  expect(found(['getTask'], 'q')).toBe(0)
})
