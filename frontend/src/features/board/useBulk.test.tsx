import { screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { expect, test } from 'vitest'
import type { Bulk, Task } from '@/api/types'
import { aTask } from '@/testing/builders'
import { renderAt } from '@/testing/render'
import { ORIGIN, refusal, server } from '@/testing/server'
import { useBulk } from './useBulk'

const CARDS = Array.from({ length: 450 }, (_, at) => aTask({ id: `card${at}`, title: `Card ${at}` }))
type Left = readonly Pick<Task, 'id'>[]
const idsOf = (tasks: Left) => tasks.map(({ id }) => id)

function Page({ onDone }: { onDone: (left: Left) => void }) {
  const { change } = useBulk('p')
  return (
    <button type="button" onClick={() => change({ action: 'delete', tasks: CARDS, onDone })}>
      Delete all
    </button>
  )
}

test('a change that breaks off tells what was done, with its undo, and what was not', async () => {
  const asked: Bulk[] = []
  let left: Left = []
  server.use(
    http.post(`${ORIGIN}/api/projects/p/tasks/bulk`, async ({ request }) => {
      const wish = (await request.json()) as Bulk
      asked.push(wish)
      if (asked.length === 2) return refusal(500, 'The disk is full.')
      const error = (id: string) => (id === 'card0' ? { type: 'CONFLICT', message: 'It is running.' } : null)
      return HttpResponse.json({ results: wish.ids.map((id) => ({ id, task: null, error: error(id) })) })
    }),
  )
  renderAt(<Page onDone={(tasks) => (left = tasks)} />)
  await userEvent.click(screen.getByRole('button', { name: 'Delete all' }))
  expect(await screen.findByText('Deleted 199 cards')).toBeInTheDocument()
  expect(screen.getByText('“Card 0”: It is running.')).toBeInTheDocument()
  expect(screen.getByText('250 cards could not be changed')).toBeInTheDocument()
  expect(screen.getByText('The disk is full.')).toBeInTheDocument()
  expect(idsOf(left)).toEqual(idsOf(CARDS.slice(200)))
  expect(asked).toHaveLength(2)
  await userEvent.click(screen.getByRole('button', { name: 'Undo' }))
  await waitFor(() => expect(asked).toHaveLength(3))
  expect(asked[2]).toEqual({ ids: idsOf(CARDS.slice(1, 200)), action: 'restore' })
})
