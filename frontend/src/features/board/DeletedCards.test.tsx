import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { expect, test } from 'vitest'
import type { Bulk, DeletedTask } from '@/api/types'
import { ReadOnlyContext } from '@/lib/readOnly'
import { aTask, STATES } from '@/testing/builders'
import { renderAt } from '@/testing/render'
import { gives, givesPages, ORIGIN, page, refusal, server } from '@/testing/server'
import { Board } from './Board'
import { DeletedCards } from './DeletedCards'

const LONG_AGO = '2026-01-01T12:00:00Z'
const deleted = (id: string, title: string): DeletedTask => ({
  id,
  title,
  status: 'human_review',
  deleted_at: LONG_AGO,
})
const TASKS = `${ORIGIN}/api/projects/p/tasks`

const dialog = async () => within(await screen.findByRole('dialog', { name: 'Deleted cards' }))

test('a deleted card is restored, and stands on the board again', async () => {
  const asked: Bulk[] = []
  let gone = [deleted('one', 'Paint the door'), deleted('two', 'Oil the hinges')]
  server.use(
    gives('/states', STATES),
    gives('/projects', page([])),
    gives('/attention', page([])),
    http.get(TASKS, () =>
      HttpResponse.json(page(asked.map(({ ids }) => aTask({ id: ids[0], title: 'Back' })))),
    ),
    http.get(`${TASKS}/deleted`, () => HttpResponse.json(page(gone))),
    http.post(`${TASKS}/bulk`, async ({ request }) => {
      asked.push((await request.json()) as Bulk)
      gone = gone.filter(({ id }) => id !== 'one')
      return HttpResponse.json({ results: [{ id: 'one', task: null, error: null }] })
    }),
  )
  renderAt(<Board projectId="p" baseUrl="/p/website" openId={null} />)
  await userEvent.click(await screen.findByRole('button', { name: 'Deleted cards' }))
  const shown = await dialog()
  expect(await shown.findByText('Oil the hinges')).toBeInTheDocument()
  expect(shown.getAllByText(/Human review/)).toHaveLength(2)
  await userEvent.click(shown.getByRole('button', { name: 'Restore Paint the door' }))
  await waitFor(() => expect(shown.queryByText('Paint the door')).not.toBeInTheDocument())
  expect(shown.getByText('Oil the hinges')).toBeInTheDocument()
  expect(asked).toEqual([{ ids: ['one'], action: 'restore' }])
  await userEvent.keyboard('{Escape}')
  expect(await screen.findByRole('article', { name: 'Back' })).toBeInTheDocument()
})

const show = (readOnly = false) =>
  renderAt(
    <ReadOnlyContext value={readOnly}>
      <DeletedCards projectId="p" onClose={() => {}} />
    </ReadOnlyContext>,
  )

test('older ones are read on, and only read in an archived project', async () => {
  server.use(givesPages('/projects/p/tasks/deleted', [[deleted('one', 'New')], [deleted('two', 'Old')]]))
  show(true)
  await userEvent.click(await screen.findByRole('button', { name: 'Show older' }))
  expect(await screen.findByText('Old')).toBeInTheDocument()
  expect(screen.queryByRole('button', { name: /^Restore/ })).not.toBeInTheDocument()
})

test('none, and none that could be read, are told apart', async () => {
  server.use(http.get(`${TASKS}/deleted`, () => refusal(500, 'The disk is full.')))
  show()
  expect(await screen.findByText('The disk is full.')).toBeInTheDocument()
  server.use(gives('/projects/p/tasks/deleted', page([])))
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }))
  expect(await screen.findByText('There are none.')).toBeInTheDocument()
})
