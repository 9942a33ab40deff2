import { act, render, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { delay, HttpResponse, http } from 'msw'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { announceSignedOut } from '@/api/auth'
import { aProject, STATES } from '@/testing/builders'
import { FakeExit } from '@/testing/exit'
import { gives, ORIGIN, page, refusal, server } from '@/testing/server'
import { FakeWebSocket } from '@/testing/socket'
import { App } from './App'

const user = userEvent.setup()
const shop = aProject({ id: 'p', name: 'Shop', slug: 'shop' })
let who: Record<string, unknown>
let other: BroadcastChannel

beforeEach(() => {
  who = person('Ada')
  other = new BroadcastChannel('opm.sign-in')
  server.use(
    http.get(`${ORIGIN}/api/auth/me`, () => HttpResponse.json(who)),
    gives('/auth/methods', { launch: false, provider: 'Keycloak' }),
    gives('/projects', page([shop])),
    gives('/projects/shop', shop),
    gives('/projects/p/tasks', page([])),
    gives('/attention', page([])),
    gives('/auth/me/preferences', {}),
    gives('/states', STATES),
    gives('/projects/p/templates', page([])),
    http.post(`${ORIGIN}/api/auth/refresh`, () => refusal(401, 'The sign-in has ended.')),
  )
})

afterEach(() => {
  announceSignedOut()
  other.close()
  window.history.replaceState(null, '', '/')
})

function person(name: string, is_admin = false, sign_in = 'oidc') {
  const rest = { email: null, picture_url: null, last_login_at: null, created_at: '2026-01-01T00:00:00Z' }
  return { user: { id: name, name, is_admin, ...rest }, sign_in, csrf_token: `token of ${name}` }
}

function open(address: string, exit = new FakeExit()) {
  window.history.replaceState(null, '', address)
  render(exit.around(<App />))
  return exit
}

const menu = async () => user.click(await screen.findByRole('button', { name: 'You and your settings' }))
const signIn = () => screen.findByRole('button', { name: 'Sign in with Keycloak' })

test('signing out ends the session at the provider, by a form', async () => {
  const form = { url: 'https://login.example.org/logout', fields: { id_token_hint: 'hint', state: 's' } }
  server.use(http.post(`${ORIGIN}/api/auth/logout`, () => HttpResponse.json(form)))
  const exit = open('/')
  await menu()
  await user.click(await screen.findByRole('menuitem', { name: 'Sign out' }))
  await waitFor(() => expect(exit.posted).toEqual([form]))
  expect(await signIn()).toBeInTheDocument()
})

test('where there is nothing to end at a provider, the page to sign in is shown', async () => {
  server.use(http.post(`${ORIGIN}/api/auth/logout`, () => HttpResponse.json({ url: null, fields: {} })))
  const exit = open('/')
  await menu()
  await user.click(await screen.findByRole('menuitem', { name: 'Sign out' }))
  expect(await signIn()).toBeInTheDocument()
  expect(exit.posted).toEqual([])
})

test('a sign-out in another tab is seen here, and a sign-in there brings one back to the same place', async () => {
  open('/p/shop')
  await screen.findByRole('button', { name: 'You and your settings' })
  other.postMessage('out')
  expect(await signIn()).toBeInTheDocument()
  other.postMessage('in')
  expect(await screen.findByRole('button', { name: 'You and your settings' })).toBeInTheDocument()
  expect(window.location.pathname).toBe('/p/shop')
})

test('a sign-out that is told more than once still shows how to sign in', async () => {
  open('/p/shop')
  await screen.findByRole('button', { name: 'You and your settings' })
  server.use(
    http.get(`${ORIGIN}/api/auth/methods`, async () => {
      await delay(100)
      return HttpResponse.json({ launch: false, provider: 'Keycloak' })
    }),
  )
  other.postMessage('out')
  await screen.findByText('Asking the server how to sign in')
  act(announceSignedOut)
  expect(await signIn()).toBeInTheDocument()
})

test('somebody else’s sign-in in another tab leaves nothing of the first on the screen', async () => {
  open('/')
  await menu()
  expect(await screen.findByText('Ada')).toBeInTheDocument()
  await user.keyboard('{Escape}')
  who = person('Bob')
  server.use(gives('/projects', page([])))
  other.postMessage('in')
  await waitFor(() => expect(screen.queryByRole('link', { name: 'Shop' })).not.toBeInTheDocument())
  await menu()
  expect(await screen.findByText('Bob')).toBeInTheDocument()
  expect(FakeWebSocket.all.length).toBeGreaterThan(1)
})

test('a server that fails while the sign-in is renewed signs nobody out', async () => {
  open('/p/shop')
  await screen.findByRole('button', { name: 'You and your settings' })
  server.use(http.post(`${ORIGIN}/api/auth/refresh`, () => refusal(503, 'Starting.')))
  const before = FakeWebSocket.all.length
  act(() => FakeWebSocket.latest.close(4401))
  await waitFor(() => expect(FakeWebSocket.all.length).toBeGreaterThan(before), { timeout: 3000 })
  expect(screen.queryByRole('button', { name: 'Sign in with Keycloak' })).not.toBeInTheDocument()
})

test.each([
  ['an administrator', true, 'oidc', true],
  ['somebody else', false, 'oidc', false],
  ['the one account of a launch address', true, 'launch', false],
] as const)('%s: is the page of people offered?', async (_, isAdmin, how, offered) => {
  who = person('Ada', isAdmin, how)
  open('/')
  await menu()
  await screen.findByRole('menuitem', { name: 'Your settings' })
  expect(screen.queryAllByRole('menuitem', { name: 'People' })).toHaveLength(offered ? 1 : 0)
})
