import { act, render, screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { anAttention, aProject, aTask, STATES } from '@/testing/builders'
import { gives, ORIGIN, page, refusal, server } from '@/testing/server'
import { FakeWebSocket } from '@/testing/socket'
import { App } from './App'

const user = userEvent.setup()
const LATER = '2099-01-01T00:00:00Z'
const person = {
  id: 'me',
  name: 'Ada',
  email: null,
  picture_url: null,
  last_login_at: null,
  created_at: LATER,
}
const shop = aProject({ id: 'p', name: 'Shop', slug: 'shop' })

beforeEach(() => {
  server.use(
    gives('/auth/me', { user: person, expires_at: LATER, sign_in: 'launch' }),
    gives('/auth/methods', { launch: true, provider: null }),
    gives('/projects', page([shop])),
    gives('/projects/shop', shop),
    gives('/projects/p/tasks', page([aTask({ id: 't', title: 'Paint the door' })])),
    gives('/attention', page([])),
    gives('/auth/me/preferences', {}),
    http.patch(`${ORIGIN}/api/auth/me/preferences`, () => HttpResponse.json({})),
    gives('/states', STATES),
    http.get(`${ORIGIN}/api/projects/:project/templates`, () => HttpResponse.json(page([]))),
    // A card's panel has tests of its own; here it is enough that it opens.
    http.get(`${ORIGIN}/api/projects/p/tasks/t`, () => refusal(404, 'Gone.')),
    http.get(`${ORIGIN}/api/projects/p/tasks/t/:part`, () => refusal(404, 'Gone.')),
  )
})

afterEach(() => window.history.replaceState(null, '', '/'))

function open(address: string) {
  window.history.replaceState(null, '', address)
  return render(<App />)
}

const expired = () => [
  http.get(`${ORIGIN}/api/auth/me`, () => refusal(401, 'Sign in.')),
  http.post(`${ORIGIN}/api/auth/refresh`, () => refusal(401, 'The sign-in has ended.')),
]

test('the launch address signs in once, and its token is gone from the address', async () => {
  const tokens: unknown[] = []
  server.use(
    http.post(`${ORIGIN}/api/auth/launch`, async ({ request }) => {
      tokens.push(await request.json())
      expect(window.location.href).not.toContain('s3cret')
      return HttpResponse.json({ user: person, expires_at: LATER })
    }),
  )
  open('/launch#s3cret')
  expect(await screen.findByRole('link', { name: 'Shop' })).toBeInTheDocument()
  expect(tokens).toEqual([{ token: 's3cret' }])
  expect(window.location.pathname).toBe('/')
})

test('a used launch address says so, and how to get another', async () => {
  server.use(http.post(`${ORIGIN}/api/auth/launch`, () => refusal(401, 'This address was used already.')))
  open('/launch#old')
  expect(await screen.findByText('This address was used already.')).toBeInTheDocument()
  expect(await screen.findByText('opm launch-url')).toBeInTheDocument()
})

test('another launch address works on the page of a used one', async () => {
  server.use(
    http.post(`${ORIGIN}/api/auth/launch`, async ({ request }) => {
      const { token } = (await request.json()) as { token: string }
      if (token === 'old') return refusal(401, 'This address was used already.')
      return HttpResponse.json({ user: person, expires_at: LATER })
    }),
  )
  open('/launch#old')
  await screen.findByText('This address was used already.')
  act(() => {
    window.location.hash = 'fresh'
  })
  expect(await screen.findByRole('link', { name: 'Shop' })).toBeInTheDocument()
})

test('without a sign-in every page explains how to get one', async () => {
  server.use(...expired())
  open('/p/shop')
  expect(await screen.findByRole('heading', { name: 'Sign in' })).toBeInTheDocument()
  expect(await screen.findByText('opm launch-url')).toBeInTheDocument()
})

test('a sign-in that ends later leads there, too', async () => {
  open('/p/shop')
  await screen.findByRole('article', { name: 'Paint the door' })
  server.use(...expired())
  server.use(http.post(`${ORIGIN}/api/projects/p/tasks/t/execute`, () => refusal(401, 'Sign in.')))
  await user.click(screen.getByRole('button', { name: 'Execute' }))
  expect(await screen.findByRole('heading', { name: 'Sign in' })).toBeInTheDocument()
})

test('a server that does not answer is told apart from a missing sign-in', async () => {
  server.use(http.get(`${ORIGIN}/api/auth/me`, () => refusal(500, 'The database is gone.')))
  open('/')
  expect(await screen.findByText('The database is gone.')).toBeInTheDocument()
  expect(screen.queryByText('opm launch-url')).not.toBeInTheDocument()
})

test('the tab says where one is and how many wait; the bell leads to them', async () => {
  const item = anAttention({ kind: 'review', project_slug: 'shop', task_id: 't', task_title: 'Choose' })
  server.use(gives('/attention', page([item])))
  open('/p/shop')
  await waitFor(() => expect(document.title).toBe('(1) Shop – OPM'))
  await user.click(screen.getByRole('button', { name: '1 need your attention' }))
  await user.click(await screen.findByRole('menuitem', { name: /Choose/ }))
  expect(window.location.pathname).toBe('/p/shop/t/t')
})

test('what an agent asks is answered over the page that is open', async () => {
  const item = anAttention({
    kind: 'question',
    project_id: 'p',
    project_slug: 'shop',
    task_id: 't',
    task_title: 'Choose',
  })
  server.use(gives('/attention', page([item])), gives('/projects/p/tasks/t/interactions', page([])))
  open('/')
  await user.click(await screen.findByRole('button', { name: 'Reply to Choose' }))
  const dialog = await screen.findByRole('dialog', { name: 'Choose' })
  await user.click(await within(dialog).findByRole('button', { name: 'Close' }))
  await user.click(screen.getByRole('button', { name: '1 need your attention' }))
  await user.click(await screen.findByRole('menuitem', { name: /Choose/ }))
  await user.click(await screen.findByRole('link', { name: 'Open the card' }))
  await waitFor(() => expect(window.location.pathname).toBe('/p/shop/t/t'))
})

test('an unknown project is not found', async () => {
  server.use(http.get(`${ORIGIN}/api/projects/nope`, () => refusal(404, 'No such project.')))
  open('/p/nope')
  expect(await screen.findByText('There is nothing at this address')).toBeInTheDocument()
})

test('the palette finds a card and opens it', async () => {
  open('/p/shop')
  await screen.findByRole('article')
  await user.keyboard('{Control>}k{/Control}')
  const palette = await screen.findByRole('dialog', { name: 'Command palette' })
  await user.type(within(palette).getByRole('combobox'), 'paint')
  await waitFor(() => expect(within(palette).getAllByRole('option')).toHaveLength(1))
  await user.keyboard('{Enter}')
  expect(window.location.pathname).toBe('/p/shop/t/t')
  expect(screen.queryByRole('dialog', { name: 'Command palette' })).not.toBeInTheDocument()
})

test('a theme chosen in the palette is kept with the account', async () => {
  const kept: unknown[] = []
  server.use(
    http.patch(`${ORIGIN}/api/auth/me/preferences`, async ({ request }) => {
      kept.push(await request.json())
      return HttpResponse.json({})
    }),
  )
  open('/p/shop')
  await screen.findByRole('article')
  await user.keyboard('{Control>}k{/Control}')
  const palette = await screen.findByRole('dialog', { name: 'Command palette' })
  await user.type(within(palette).getByRole('combobox'), 'theme dark{Enter}')
  await waitFor(() => expect(kept).toEqual([{ theme: 'dark' }]))
  expect(localStorage.getItem('opm.theme')).toBe('dark')
})

test('the sheet lists what works on this page, and c makes a card', async () => {
  open('/p/shop')
  await screen.findByRole('article')
  await user.keyboard('?')
  const sheet = await screen.findByRole('dialog', { name: 'Keyboard shortcuts' })
  for (const label of ['All shortcuts', 'New card', 'Card below', 'Execute the focused card']) {
    expect(within(sheet).getByText(label)).toBeInTheDocument()
  }
  await user.keyboard('{Escape}')
  await waitFor(() => expect(sheet).not.toBeInTheDocument())
  await user.keyboard('c')
  expect(await screen.findByRole('dialog', { name: 'New card' })).toBeInTheDocument()
})

test('single keys do nothing for who turned them off', async () => {
  server.use(gives('/auth/me/preferences', { single_key_shortcuts: false }))
  open('/p/shop')
  await screen.findByRole('article')
  await user.click(screen.getByRole('button', { name: 'You and your settings' }))
  await user.click(await screen.findByRole('menuitem', { name: 'Shortcuts' }))
  const sheet = await screen.findByRole('dialog', { name: 'Keyboard shortcuts' })
  expect(within(sheet).getByText('Card below')).toBeInTheDocument()
  expect(within(sheet).queryByText('New card')).not.toBeInTheDocument()
  await user.keyboard('{Escape}')
  await waitFor(() => expect(sheet).not.toBeInTheDocument())
  await user.keyboard('c')
  expect(window.location.search).toBe('')
})

test('a theme is chosen, kept and applied', async () => {
  open('/')
  await user.click(await screen.findByRole('button', { name: 'You and your settings' }))
  await user.click(await screen.findByRole('menuitemradio', { name: 'Dark' }))
  expect(document.documentElement).toHaveClass('dark')
  expect(localStorage.getItem('opm.theme')).toBe('dark')
  await user.click(await screen.findByRole('button', { name: 'You and your settings' }))
  await user.click(await screen.findByRole('menuitemradio', { name: 'Light' }))
  expect(document.documentElement).not.toHaveClass('dark')
})

test('a lost line is shown, and a restarted server makes everything be read again', async () => {
  open('/p/shop')
  await screen.findByRole('article')
  const say = (message: unknown) => act(() => FakeWebSocket.latest.say(message))
  say({ type: 'welcome', server: 'one' })
  expect(FakeWebSocket.latest.sent).toContainEqual({ type: 'subscribe', project_id: 'p', after: null })
  act(() => FakeWebSocket.latest.close(1012))
  expect(await screen.findByText('Reconnecting…', {}, { timeout: 3000 })).toBeInTheDocument()
  await waitFor(() => expect(FakeWebSocket.all.length).toBeGreaterThan(1), { timeout: 3000 })
  server.use(gives('/projects/p/tasks', page([aTask({ title: 'Made meanwhile' })])))
  say({ type: 'welcome', server: 'two' })
  expect(await screen.findByText('Server restarted, you are up to date')).toBeInTheDocument()
  expect(screen.queryByText('Reconnecting…')).not.toBeInTheDocument()
  expect(await screen.findByRole('article', { name: 'Made meanwhile' })).toBeInTheDocument()
})

test('another browser’s move is seen here', async () => {
  open('/p/shop')
  await screen.findByRole('article')
  act(() => FakeWebSocket.latest.say({ type: 'welcome', server: 'one' }))
  server.use(
    gives(
      '/projects/p/tasks',
      page([aTask({ id: 't', title: 'Paint the door', status: 'done', version: 2 })]),
    ),
  )
  const event = { type: 'task_status_changed', projectId: 'p', taskId: 't', oldStatus: 'human_review' }
  act(() => FakeWebSocket.latest.say({ id: '1', event: { ...event, newStatus: 'done', version: 2 } }))
  const done = within(screen.getByRole('region', { name: 'Done' }))
  expect(await done.findByRole('article', { name: 'Paint the door' })).toBeInTheDocument()
})
