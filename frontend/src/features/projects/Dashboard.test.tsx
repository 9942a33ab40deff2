import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { expect, test } from 'vitest'
import type { NewProject } from '@/api/types'
import { anAttention, aProject } from '@/testing/builders'
import { renderAt } from '@/testing/render'
import { gives, ORIGIN, page, refusal, server } from '@/testing/server'
import { Dashboard } from './Dashboard'
import { PodControl } from './PodControl'

const user = userEvent.setup()

function serve(projects: ReturnType<typeof aProject>[], attention: ReturnType<typeof anAttention>[] = []) {
  const made: NewProject[] = []
  server.use(
    gives('/auth/me', { shared_machine: false }),
    http.get(`${ORIGIN}/api/projects`, ({ request }) => {
      const archived = new URL(request.url).searchParams.get('status') === 'archived'
      return HttpResponse.json(page(archived ? [] : projects) as never)
    }),
    gives('/attention', page(attention)),
    http.post(`${ORIGIN}/api/projects`, async ({ request }) => {
      const body = (await request.json()) as NewProject
      made.push(body)
      return HttpResponse.json(aProject({ name: body.name, slug: 'made' }), { status: 201 })
    }),
  )
  return made
}

const show = (at = '/') => renderAt(<Dashboard />, { at, path: '/' })

test('a newcomer is offered the sample project, and lands on its board', async () => {
  const made = serve([])
  const { location } = show()
  await user.click(await screen.findByRole('button', { name: 'Try the sample project' }))
  await waitFor(() => expect(location()).toBe('/p/made'))
  expect(made).toMatchObject([{ sample: true, name: 'Sample project' }])
})

test.each([true, false])(
  'shared machine: %s; the form for a project says what that means',
  async (shared) => {
    serve([aProject()])
    server.use(gives('/auth/me', { shared_machine: shared }))
    show('/?new')
    await screen.findByRole('dialog', { name: 'New project' })
    if (shared) expect(await screen.findByRole('note')).toHaveTextContent('those of other people too')
    else expect(screen.queryByRole('note')).not.toBeInTheDocument()
  },
)

test('a project shows its pod, its columns and what it waits for', async () => {
  serve([
    aProject({
      name: 'Shop',
      slug: 'shop',
      pod_status: 'failed',
      pod_reason: 'OpenCode ended with code 1.',
      task_counts: { todo: 3, done: 1 },
      attention_count: 2,
      running_count: 1,
    }),
    aProject({ name: 'Idle', pod_status: 'absent' }),
  ])
  show()
  const link = await screen.findByRole('link', { name: 'Shop' })
  expect(link).toHaveAttribute('href', '/p/shop')
  const [shop, idle] = screen.getAllByRole('listitem').map((item) => within(item))
  for (const text of ['Failed', 'OpenCode ended with code 1.', '2 need you', '1 running', 'To do', 'Done']) {
    expect(shop?.getByText(text)).toBeInTheDocument()
  }
  expect(shop?.queryByText('AI review')).not.toBeInTheDocument()
  expect(idle?.getByText('Stopped')).toBeInTheDocument()
  expect(idle?.getByText('No cards yet')).toBeInTheDocument()
})

test('what needs attention links to its card', async () => {
  const item = anAttention({
    kind: 'question',
    task_title: 'Choose',
    text: '**Which** colour?',
    project_slug: 'shop',
  })
  serve([aProject()], [item])
  show()
  const link = await screen.findByRole('link', { name: /Choose/ })
  expect(link).toHaveAttribute('href', `/p/shop/t/${item.task_id}`)
  expect(link).toHaveTextContent('Asks a question: Which colour?')
})

test('a project is made from its name', async () => {
  const made = serve([aProject()])
  const { location } = show('/?new')
  await user.click(await screen.findByRole('button', { name: 'Create project' }))
  expect(await screen.findByText('A project needs a name.')).toBeInTheDocument()
  await user.type(screen.getByLabelText('Name'), 'My Shop')
  expect(screen.getByText('Its address will be /p/my-shop')).toBeInTheDocument()
  await user.click(screen.getByRole('button', { name: 'Create project' }))
  await waitFor(() => expect(location()).toBe('/p/made'))
  expect(made).toEqual([{ name: 'My Shop', description: '', sample: false }])
})

test('what was written of a project is thrown away only after a yes', async () => {
  serve([aProject()])
  const { location } = show('/?new')
  await user.click(await screen.findByRole('radio', { name: /Git repository/ }))
  await user.type(screen.getByLabelText('Token'), 'ghp_1{Escape}')
  const ask = within(await screen.findByRole('alertdialog'))
  await user.click(ask.getByRole('button', { name: 'Cancel' }))
  expect(screen.getByLabelText('Token')).toHaveValue('ghp_1')
  await user.click(screen.getByRole('button', { name: 'Cancel' }))
  await user.click(await screen.findByRole('button', { name: 'Discard' }))
  await waitFor(() => expect(location()).toBe('/'))
})

test('a project is made of a repository', async () => {
  const made = serve([aProject()])
  show('/?new')
  await user.type(await screen.findByLabelText('Name'), 'Tea')
  await user.click(screen.getByRole('radio', { name: /Git repository/ }))
  await user.click(screen.getByRole('button', { name: 'Create project' }))
  expect(await screen.findByText('Enter the address of the repository.')).toBeInTheDocument()
  const address = screen.getByLabelText('Address of the repository')
  await user.type(address, 'https://ann:secret@git.example/tea')
  await user.click(screen.getByRole('button', { name: 'Create project' }))
  expect(address).toHaveAccessibleDescription(/Leave name and token out/)
  expect(made).toEqual([])
  await user.clear(address)
  await user.type(address, 'https://git.example/tea')
  await user.type(screen.getByLabelText('Branch or tag'), 'next')
  expect(screen.getByLabelText('Token')).toHaveAttribute('type', 'password')
  await user.type(screen.getByLabelText('Token'), 'ghp_1')
  await user.click(screen.getByRole('checkbox', { name: /Only the newest commit/ }))
  await user.click(screen.getByRole('button', { name: 'Create project' }))
  await waitFor(() => expect(made).toHaveLength(1))
  const git = { url: 'https://git.example/tea', ref: 'next', depth: 1, username: '', token: 'ghp_1' }
  expect(made[0]).toEqual({ name: 'Tea', description: '', git })
})

test('a host that is refused is told at the address', async () => {
  serve([aProject()])
  server.use(
    http.post(`${ORIGIN}/api/projects`, () =>
      refusal(400, 'git.lan is not a public address.', { field: 'git.url', reason: 'address_refused' }),
    ),
  )
  show('/?new')
  await user.type(await screen.findByLabelText('Name'), 'Tea')
  await user.click(screen.getByRole('radio', { name: /Git repository/ }))
  await user.type(screen.getByLabelText('Address of the repository'), 'https://git.lan/tea')
  await user.click(screen.getByRole('button', { name: 'Create project' }))
  await waitFor(() =>
    expect(screen.getByLabelText('Address of the repository')).toHaveAccessibleDescription(/not a public/),
  )
})

test('the sample can be chosen too, and what is cloned says how far it is', async () => {
  const cloned = aProject({ name: 'Cloned', workspace_state: 'cloning', pod_status: 'running' })
  const failed = aProject({ name: 'Broken', workspace_state: 'failed', workspace_reason: 'No such branch.' })
  const made = serve([cloned, failed])
  show('/?new')
  expect(await screen.findByText('Cloning: Asking the server')).toBeInTheDocument()
  expect(screen.getByText('Not cloned: No such branch.')).toBeInTheDocument()
  await user.type(screen.getByLabelText('Name'), 'Try')
  await user.click(screen.getByRole('radio', { name: /Sample/ }))
  await user.click(screen.getByRole('button', { name: 'Create project' }))
  await waitFor(() => expect(made).toMatchObject([{ name: 'Try', sample: true }]))
})

test('a refused name is told at its field', async () => {
  serve([aProject()])
  const fields = [{ field: 'body.name', reason: 'String should have at most 120 characters' }]
  server.use(http.post(`${ORIGIN}/api/projects`, () => refusal(400, 'body.name: too long', { fields })))
  show('/?new')
  await user.type(await screen.findByLabelText('Name'), 'Long')
  await user.click(screen.getByRole('button', { name: 'Create project' }))
  expect(await screen.findByLabelText('Name')).toHaveAccessibleDescription(/at most 120/)
  expect(screen.getByLabelText('Name')).toBeInvalid()
})

test('one project too many is told where it would have been made', async () => {
  serve([aProject()])
  const message = 'You have 50 projects, which is as many as one person may have here.'
  server.use(
    http.post(`${ORIGIN}/api/projects`, () =>
      refusal(409, message, { reason: 'too_many_projects', limit: 50 }),
    ),
  )
  show('/?new')
  await user.type(await screen.findByLabelText('Name'), 'More')
  await user.click(screen.getByRole('button', { name: 'Create project' }))
  expect(await screen.findByText(message, { selector: '[role=alert]' })).toBeInTheDocument()
})

test('a dashboard that cannot be read says so, and tries again', async () => {
  serve([aProject({ name: 'Shop' })])
  let locked = true
  server.use(
    http.get(`${ORIGIN}/api/projects`, ({ request }) => {
      if (new URL(request.url).searchParams.has('status') || !locked) return undefined
      locked = false
      return refusal(500, 'The database is locked.')
    }),
  )
  show()
  expect(await screen.findByText('The database is locked.')).toBeInTheDocument()
  await user.click(screen.getByRole('button', { name: 'Try again' }))
  expect(await screen.findByRole('link', { name: 'Shop' })).toBeInTheDocument()
})

test('a workspace is started and stopped by hand', async () => {
  const orders: string[] = []
  server.use(
    http.post(`${ORIGIN}/api/projects/p/:order`, ({ params }) => {
      orders.push(String(params.order))
      return HttpResponse.json(aProject(), { status: 202 })
    }),
  )
  const { unmount } = renderAt(<PodControl project={aProject({ id: 'p' })} />)
  await user.click(await screen.findByRole('button', { name: /Workspace/ }))
  await user.click(await screen.findByRole('menuitem', { name: 'Stop workspace' }))
  await waitFor(() => expect(orders).toEqual(['stop']))
  unmount()
  renderAt(<PodControl project={aProject({ id: 'p', pod_status: 'absent' })} />)
  await user.click(await screen.findByRole('button', { name: /Workspace/ }))
  await user.click(await screen.findByRole('menuitem', { name: 'Start workspace' }))
  await waitFor(() => expect(orders).toEqual(['stop', 'start']))
})

test('a workspace in use says that its run comes first, and is not stopped', async () => {
  renderAt(<PodControl project={aProject({ id: 'p', running_count: 1 })} />)
  await user.click(await screen.findByRole('button', { name: /Workspace/ }))
  expect(await screen.findByText(/cancel its run first/)).toBeInTheDocument()
  expect(screen.getByRole('menuitem', { name: 'Stop workspace' })).toHaveAttribute('aria-disabled', 'true')
})
