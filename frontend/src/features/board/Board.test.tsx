import { act, screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { expect, test } from 'vitest'
import type { MoveTask, Task } from '@/api/types'
import { aRun, aTask, STATES } from '@/testing/builders'
import { renderAt } from '@/testing/render'
import { gives, ORIGIN, page, refusal, server } from '@/testing/server'
import { Board } from './Board'

const user = userEvent.setup()
const URL_ = `${ORIGIN}/api/projects/p/tasks`

/** A server with these cards, which remembers what it was asked to do. */
function serve(tasks: Task[]) {
  const asked: { what: string; body: unknown }[] = []
  let cards = tasks
  const put = (id: string, change: Partial<Task>) => {
    cards = cards.map((task) => (task.id === id ? { ...task, ...change } : task))
    return cards.find((task) => task.id === id)
  }
  server.use(
    gives('/states', STATES),
    gives('/projects/p/templates', page([])),
    gives('/projects', page([])),
    gives('/attention', page([])),
    http.get(URL_, () => HttpResponse.json(page(cards))),
    http.post(URL_, async ({ request }) => {
      const body = (await request.json()) as { title: string }
      asked.push({ what: 'create', body })
      cards = [...cards, aTask({ id: 'new', ...body })]
      return HttpResponse.json(cards.at(-1), { status: 201 })
    }),
    http.post(`${URL_}/:id/:verb`, async ({ params, request }) => {
      const text = await request.text()
      asked.push({ what: `${params.verb} ${params.id}`, body: text ? JSON.parse(text) : null })
      const id = String(params.id)
      if (params.verb === 'move') {
        const { status, before } = JSON.parse(text) as MoveTask
        const moved = put(id, { status })
        const rest = cards.filter((task) => task !== moved)
        const at = rest.findIndex((task) => task.id === before)
        if (moved) cards = rest.toSpliced(at < 0 ? rest.length : at, 0, moved)
        return HttpResponse.json(moved)
      }
      const run = aRun({ status: 'queued', queue_position: 1 })
      return HttpResponse.json(put(id, { status: 'in_progress', run }), { status: 202 })
    }),
    http.patch(`${URL_}/:id`, async ({ params, request }) => {
      const body = (await request.json()) as Partial<Task>
      asked.push({ what: `edit ${params.id} ${request.headers.get('if-match')}`, body })
      return HttpResponse.json(put(String(params.id), body))
    }),
  )
  return asked
}

const show = (at = '/p/website') =>
  renderAt(<Board projectId="p" baseUrl="/p/website" openId={null} />, { at, path: '/p/:project/*' })
const column = (name: string) => within(screen.getByRole('region', { name }))
const titles = (name: string) =>
  column(name)
    .queryAllByRole('article')
    .map((card) => card.getAttribute('aria-label'))

/** By keyboard, since a submenu stays open for a pointer only where things have a place on a screen. */
async function choose(item: string | RegExp) {
  const found = await screen.findByRole('menuitem', { name: item })
  act(() => found.focus())
  await user.keyboard('{Enter}')
}

async function menu(title: string, ...path: string[]) {
  await user.click(await screen.findByRole('button', { name: `Actions for ${title}` }))
  for (const item of path) await choose(new RegExp(`^${item}`))
}

test('a card that asks says since when, not since when it runs', async () => {
  const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString()
  serve([
    aTask({
      title: 'Asks',
      status: 'in_progress',
      attention: 'question',
      asked_at: ago(5),
      run: aRun({ status: 'running', execution_start_at: ago(90) }),
    }),
  ])
  show()
  expect(await screen.findByText(/^Waiting 5/)).toBeInTheDocument()
})

test('a queued card says what it waits for', async () => {
  const reason = 'Waits until the repository is cloned.'
  serve([
    aTask({
      title: 'Early',
      status: 'in_progress',
      run: aRun({ status: 'queued', queue_position: 1, reason }),
    }),
  ])
  show()
  expect(await screen.findByText(`${reason} (#1)`)).toBeInTheDocument()
})

test.each([
  ['workspace', 'Queued until the repository is cloned (#1)'],
  ['user', 'Queued until another of your runs has ended (#1)'],
  ['server', 'Queued until the server has room (#1)'],
  ['project', 'Queued #1'],
  [null, 'Queued #1'],
] as const)('a queued card that waits for %s says so, and its place', async (waits_for, text) => {
  const run = aRun({ status: 'queued', queue_position: 1, waits_for })
  serve([aTask({ title: 'Later', status: 'in_progress', run })])
  show()
  expect(await screen.findByText(text)).toBeInTheDocument()
})

test('cards stand in their columns, with what they wait for and what they cost', async () => {
  serve([
    aTask({ title: 'Waiting', run: null }),
    aTask({
      title: 'Third in line',
      status: 'in_progress',
      run: aRun({ status: 'queued', queue_position: 3 }),
    }),
    aTask({ title: 'Asking', status: 'in_progress', attention: 'permission', run: aRun() }),
    aTask({
      title: 'Broken',
      status: 'human_review',
      attention: 'failed',
      execution_duration_ms: 65_000,
      run: aRun({ status: 'failed', reason: 'The provider refused the key.', cost: 0.42 }),
    }),
  ])
  show()
  expect(await screen.findByText('Queued #3')).toBeInTheDocument()
  expect(titles('To do')).toEqual(['Waiting'])
  expect(titles('In progress')).toEqual(['Third in line', 'Asking'])
  expect(column('In progress').getByText('Needs permission')).toBeInTheDocument()
  const broken = column('Human review')
  expect(broken.getByText('The provider refused the key.')).toBeInTheDocument()
  expect(broken.getByText('1m 05s')).toBeInTheDocument()
  expect(broken.getByText('$0.42')).toBeInTheDocument()
})

test('an executed card is in progress before the server has answered', async () => {
  const asked = serve([aTask({ id: 't', title: 'Build' })])
  let release: () => void = () => {}
  server.use(
    http.post(
      `${URL_}/t/execute`,
      async () => {
        await new Promise<void>((done) => (release = done))
        return undefined
      },
      { once: true },
    ),
  )
  show()
  await user.click(await screen.findByRole('button', { name: 'Execute' }))
  await waitFor(() => expect(titles('In progress')).toEqual(['Build']))
  expect(asked).toEqual([])
  act(() => release())
  expect(await screen.findByText('Queued #1')).toBeInTheDocument()
  expect(asked.map(({ what }) => what)).toEqual(['execute t'])
})

test('a refused move snaps back and says why', async () => {
  serve([aTask({ id: 't', title: 'Reviewed', status: 'human_review' })])
  server.use(http.post(`${URL_}/t/move`, () => refusal(409, 'Somebody moved it first.')))
  show()
  await menu('Reviewed', 'Move to', 'Done')
  expect(await screen.findByText('Somebody moved it first.')).toBeInTheDocument()
  await waitFor(() => expect(titles('Human review')).toEqual(['Reviewed']))
  expect(titles('Done')).toEqual([])
})

test('a card goes by menu where the states allow it, to the end of the column', async () => {
  const asked = serve([
    aTask({ id: 't', title: 'Reviewed', status: 'human_review' }),
    aTask({ title: 'Older', status: 'done' }),
  ])
  show()
  await menu('Reviewed', 'Move to')
  const offered = (await screen.findAllByRole('menuitem')).map((item) => item.textContent)
  expect(offered).toEqual(expect.arrayContaining(['To do', 'Done', 'Top of this column']))
  expect(offered).not.toContain('AI review')
  await choose('Done')
  await waitFor(() => expect(titles('Done')).toEqual(['Older', 'Reviewed']))
  await waitFor(() =>
    expect(asked).toEqual([{ what: 'move t', body: { status: 'done', after: null, before: null } }]),
  )
})

test('to the top of its column names the card below', async () => {
  const asked = serve([aTask({ id: 'a', title: 'First' }), aTask({ id: 'b', title: 'Second' })])
  show()
  await menu('Second', 'Move to', 'Top of this column')
  await waitFor(() => expect(titles('To do')).toEqual(['Second', 'First']))
  await waitFor(() =>
    expect(asked.at(0)).toEqual({ what: 'move b', body: { status: 'todo', after: null, before: 'a' } }),
  )
})

test('a run is cancelled only after a yes', async () => {
  const asked = serve([aTask({ id: 't', title: 'Busy', status: 'in_progress', run: aRun() })])
  show()
  await user.click(await screen.findByRole('button', { name: 'Cancel' }))
  const question = await screen.findByRole('alertdialog')
  await user.click(within(question).getByRole('button', { name: 'Cancel' }))
  expect(asked).toEqual([])
  await user.click(await screen.findByRole('button', { name: 'Cancel' }))
  await user.click(await screen.findByRole('button', { name: 'Cancel run' }))
  await waitFor(() => expect(asked.map(({ what }) => what)).toEqual(['cancel t']))
})

test('a new card needs a title, is made and run, and opens', async () => {
  const asked = serve([])
  const { location } = show()
  await user.click(await screen.findByRole('button', { name: 'New card' }))
  await user.click(await screen.findByRole('button', { name: 'Create & run' }))
  expect(await screen.findByText('A card needs a title.')).toBeInTheDocument()
  await user.type(screen.getByLabelText('Title'), '  Add a form ')
  await user.type(screen.getByLabelText('What the agent should do'), 'With care.')
  await user.click(screen.getByRole('button', { name: 'Create & run' }))
  await waitFor(() => expect(location()).toBe('/p/website/t/new'))
  expect(asked).toEqual([
    { what: 'create', body: { title: 'Add a form', description: 'With care.', file_references: [] } },
    { what: 'execute new', body: null },
  ])
})

test('a card that could be made but not started is kept, and the reason shown', async () => {
  serve([])
  server.use(http.post(`${URL_}/new/execute`, () => refusal(409, 'Choose a model first.')))
  const { location } = show('/p/website?new')
  await user.type(await screen.findByLabelText('Title'), 'Add a form{Control>}{Enter}{/Control}')
  expect(await screen.findByText('Choose a model first.')).toBeInTheDocument()
  expect(location()).toBe('/p/website')
  await waitFor(() => expect(titles('To do')).toEqual(['Add a form']))
})

test('an edit shows the version it was made on', async () => {
  const asked = serve([aTask({ id: 't', title: 'Old', description: 'text', version: 7 })])
  show()
  await menu('Old', 'Edit')
  const title = await screen.findByLabelText('Title')
  await user.clear(title)
  await user.type(title, 'New')
  await user.click(screen.getByRole('button', { name: 'Save' }))
  await waitFor(() => expect(titles('To do')).toEqual(['New']))
  expect(asked).toEqual([
    { what: 'edit t "7"', body: { title: 'New', description: 'text', file_references: [] } },
  ])
})

test('a card is deleted at once, and restored by undo', async () => {
  const task = aTask({ id: 't', title: 'Mistake' })
  serve([task])
  const asked: unknown[] = []
  server.use(
    http.delete(`${URL_}/:id`, ({ params }) => {
      asked.push(`delete ${params.id}`)
      server.use(http.get(URL_, () => HttpResponse.json(page([]))))
      return new HttpResponse(null, { status: 204 })
    }),
    http.post(`${URL_}/bulk`, async ({ request }) => {
      asked.push(await request.json())
      server.use(http.get(URL_, () => HttpResponse.json(page([task]))))
      return HttpResponse.json({ results: [{ id: 't', task, error: null }] })
    }),
  )
  show()
  await menu('Mistake', 'Delete')
  await waitFor(() => expect(asked).toEqual(['delete t']))
  expect(screen.queryByRole('article')).not.toBeInTheDocument()
  await user.click(await screen.findByRole('button', { name: 'Undo' }))
  expect(await screen.findByRole('article')).toBeInTheDocument()
  expect(asked.at(-1)).toEqual({ ids: ['t'], action: 'restore' })
})

test('a card that cannot be deleted is there again, and nothing says it was', async () => {
  serve([aTask({ id: 't', title: 'Mistake' })])
  server.use(http.delete(`${URL_}/:id`, () => refusal(409, 'The agent works on this card.')))
  show()
  await menu('Mistake', 'Delete')
  expect(await screen.findByText('The agent works on this card.')).toBeInTheDocument()
  expect(screen.getByRole('article')).toBeInTheDocument()
  expect(screen.queryByText('Deleted “Mistake”')).not.toBeInTheDocument()
})

test('arrow keys walk from card to card, r executes the one that has the focus', async () => {
  const asked = serve([
    aTask({ id: 'a', title: 'First' }),
    aTask({ id: 'b', title: 'Second' }),
    aTask({ id: 'c', title: 'Accepted', status: 'done' }),
  ])
  show()
  const link = await screen.findByRole('link', { name: 'First' })
  await user.keyboard('{ArrowDown}')
  expect(document.body).toHaveFocus()
  act(() => link.focus())
  await user.keyboard('{ArrowDown}')
  expect(screen.getByRole('link', { name: 'Second' })).toHaveFocus()
  await user.keyboard('{ArrowRight}')
  expect(screen.getByRole('link', { name: 'Accepted' })).toHaveFocus()
  await user.keyboard('r')
  await user.keyboard('{ArrowLeft}r')
  await waitFor(() => expect(asked.map(({ what }) => what)).toEqual(['execute a']))
})

test('a board that cannot be read says what happened and tries again', async () => {
  serve([aTask({ title: 'There' })])
  server.use(http.get(URL_, () => refusal(500, 'The disk is full.'), { once: true }))
  show()
  expect(await screen.findByText('The disk is full.')).toBeInTheDocument()
  expect(screen.getByText('req-1')).toBeInTheDocument()
  await user.click(screen.getByRole('button', { name: 'Try again' }))
  expect(await screen.findByRole('article')).toBeInTheDocument()
})
