import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { expect, test } from 'vitest'
import type { Session, TaskStatus } from '@/api/types'
import { aProject, aTask, STATES } from '@/testing/builders'
import { renderAt } from '@/testing/render'
import { gives, ORIGIN, refusal, server } from '@/testing/server'
import { aSession } from '../testing/builders'
import RunsPage from './RunsPage'

const PROJECT = aProject({ id: 'p1' })
const BASE = `${ORIGIN}/api/projects/p1/sessions`

/** Answers page after page, and says what was asked. */
function serve(...pages: Session[][]) {
  const asked: URLSearchParams[] = []
  server.use(
    http.get(BASE, ({ request }) => {
      const query = new URL(request.url).searchParams
      asked.push(query)
      const number = Number(query.get('cursor') || 0)
      const next = number + 1 < pages.length ? String(number + 1) : null
      return HttpResponse.json({ items: pages[number] ?? [], next_cursor: next } as never)
    }),
  )
  return asked
}

/** Where the card of the runs stands. */
const cardIn = (status: TaskStatus) =>
  server.use(gives('/states', STATES), gives('/projects/p1/tasks/task', aTask({ status })))

const show = (at = '/') => renderAt(<RunsPage project={PROJECT} baseUrl="/p/tea" />, { at })
const ended = { project_id: 'p1', status: 'completed', verdict: 'success' } as const

test('runs lead to their card, and older ones follow', async () => {
  const asked = serve(
    [aSession({ ...ended, id: 's1', task_id: 't1', task_title: 'Make tea' })],
    [aSession({ ...ended, id: 's2', task_title: 'Wash up', rerun_of: 's0' })],
  )
  show()
  expect(await screen.findByRole('link', { name: 'Make tea' })).toHaveAttribute(
    'href',
    '/p/tea/t/t1?tab=output&run=s1',
  )
  await userEvent.click(screen.getByRole('button', { name: 'Show older' }))
  const second = await screen.findByRole('row', { name: /Wash up/ })
  expect(within(second).getByText('repeated')).toBeInTheDocument()
  expect(within(second).getByText('Succeeded')).toBeInTheDocument()
  expect(asked.map((query) => query.get('cursor'))).toEqual([null, '1'])
})

test('a run says what it was given to do, and its exit', async () => {
  serve([
    aSession({ ...ended, prompt: '# Tea\n\nBoil water first', exit_code: 0 }),
    aSession({ id: 's2', status: 'running', task_title: 'Wash up', exit_code: null }),
  ])
  show()
  const over = await screen.findByRole('row', { name: /Tea/ })
  expect(within(over).getByText('Boil water first')).toBeInTheDocument()
  expect(within(over).getByText('exit 0')).toBeInTheDocument()
  expect(within(screen.getByRole('row', { name: /Wash up/ })).queryByText(/exit/)).not.toBeInTheDocument()
})

test('the filter stands in the address and narrows what is asked', async () => {
  const asked = serve([aSession(ended)])
  const { location } = show('/?status=failed')
  await screen.findByRole('row', { name: /Tea/ })
  expect(asked[0]?.getAll('status')).toEqual(['failed'])
  await userEvent.type(screen.getByLabelText('Card or prompt'), 'tea')
  await waitFor(() => expect(location()).toBe('/?q=tea&status=failed'))
  await waitFor(() => expect(asked.at(-1)?.get('q')).toBe('tea'))
})

test('a filter that finds nothing can be cleared', async () => {
  serve([])
  const { location } = show('/?q=nothing')
  await userEvent.click(await screen.findByRole('button', { name: 'Clear the filters' }))
  expect(location()).toBe('/')
  expect(await screen.findByText('No run yet')).toBeInTheDocument()
})

test('a failure is told', async () => {
  server.use(http.get(BASE, () => refusal(400, 'Not so.') as Response))
  show()
  expect(await screen.findByText('Not so.')).toBeInTheDocument()
})

test.each([
  ['done', 'A card in Done is not run. Reopen it first.'],
  ['in_progress', 'The agent is working on this card.'],
] as const)('a run is not repeated while its card is %s, and the menu says why', async (status, why) => {
  serve([aSession(ended)])
  cardIn(status)
  show()
  await userEvent.click(await screen.findByRole('button', { name: 'Actions for this run' }))
  expect(await screen.findByText(why)).toBeInTheDocument()
  for (const name of ['Run again', 'Run again with version 1']) {
    const item = screen.getByRole('menuitem', { name })
    expect(item).toHaveAttribute('aria-disabled', 'true')
    expect(item).toHaveAccessibleDescription(why)
  }
})

test('a run is repeated with its own version', async () => {
  cardIn('human_review')
  serve([aSession({ ...ended, id: 's1', config_version: 3 })])
  const sent: unknown[] = []
  server.use(
    http.post(`${BASE}/s1/rerun`, async ({ request }) => {
      sent.push(await request.json())
      return HttpResponse.json(aSession({ id: 's2', rerun_of: 's1' }) as never, { status: 202 })
    }),
  )
  show()
  await userEvent.click(await screen.findByRole('button', { name: 'Actions for this run' }))
  await userEvent.click(await screen.findByRole('menuitem', { name: 'Run again with version 3' }))
  await waitFor(() => expect(sent).toEqual([{ config: 'same' }]))
  expect(await screen.findByText('The agent gets this prompt again')).toBeInTheDocument()
})

test('deleting asks first, and is not offered while the agent works', async () => {
  serve([aSession({ ...ended, id: 's1' }), aSession({ id: 's2', project_id: 'p1', status: 'running' })])
  cardIn('in_progress')
  const deleted: string[] = []
  server.use(
    http.delete(`${BASE}/:id`, ({ params }) => {
      deleted.push(String(params.id))
      return new HttpResponse(null, { status: 204 })
    }),
  )
  show()
  const menus = await screen.findAllByRole('button', { name: 'Actions for this run' })
  await userEvent.click(menus[1] as HTMLElement)
  expect(await screen.findByRole('menuitem', { name: 'Delete run…' })).toHaveAttribute(
    'aria-disabled',
    'true',
  )
  await userEvent.keyboard('{Escape}')
  await userEvent.click(menus[0] as HTMLElement)
  await userEvent.click(await screen.findByRole('menuitem', { name: 'Delete run…' }))
  expect(deleted).toEqual([])
  await userEvent.click(await screen.findByRole('button', { name: 'Delete run' }))
  await waitFor(() => expect(deleted).toEqual(['s1']))
})
