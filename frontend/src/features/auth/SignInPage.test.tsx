import { fireEvent, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { expect, test } from 'vitest'
import { FakeExit } from '@/testing/exit'
import { renderAt } from '@/testing/render'
import { gives, ORIGIN, refusal, server } from '@/testing/server'
import { LoginPage } from './LoginPage'
import { SignInPage } from './SignInPage'

const user = userEvent.setup()
const AWAY = 'https://login.example.org/auth?state=s'

/** A server with a provider; returns the bodies of the sign-ins that were begun. */
function provided(url = AWAY) {
  const begun: unknown[] = []
  server.use(
    gives('/auth/methods', { launch: false, provider: 'Keycloak' }),
    http.post(`${ORIGIN}/api/auth/oidc/login`, async ({ request }) => {
      begun.push(await request.json())
      return HttpResponse.json({ authorization_url: url })
    }),
  )
  return begun
}

const button = () => screen.findByRole('button', { name: 'Sign in with Keycloak' })

test('one button leads to the provider, and says where to come back to', async () => {
  const begun = provided()
  const exit = new FakeExit()
  renderAt(exit.around(<SignInPage next="/p/shop/t/1?tab=output" />))
  await user.click(await button())
  await waitFor(() => expect(exit.gone).toEqual([AWAY]))
  expect(begun).toEqual([{ next: '/p/shop/t/1?tab=output' }])
  expect(screen.queryByText('opm launch-url')).not.toBeInTheDocument()
  expect(await button()).toBeDisabled()
})

test('who comes back from the provider by the Back button may press again', async () => {
  provided()
  const exit = new FakeExit()
  renderAt(exit.around(<SignInPage />))
  await user.click(await button())
  await waitFor(() => expect(exit.gone).toHaveLength(1))
  fireEvent(window, new PageTransitionEvent('pageshow', { persisted: true }))
  await waitFor(async () => expect(await button()).toBeEnabled())
})

test.each(['javascript:alert(1)', 'http://login.example.org/auth'])('nobody is led to %s', async (url) => {
  provided(url)
  const exit = new FakeExit()
  renderAt(exit.around(<SignInPage />))
  await user.click(await button())
  expect(await screen.findByRole('alert')).toHaveTextContent('neither https nor on this machine')
  expect(exit.gone).toEqual([])
})

test('a provider that does not answer is told, and the button stays', async () => {
  provided()
  server.use(http.post(`${ORIGIN}/api/auth/oidc/login`, () => refusal(503, 'Keycloak does not answer.')))
  renderAt(<SignInPage />)
  await user.click(await button())
  expect(await screen.findByRole('alert')).toHaveTextContent('Keycloak does not answer.')
  expect(await button()).toBeEnabled()
})

test('without a provider it says how to get a launch address', async () => {
  server.use(gives('/auth/methods', { launch: true, provider: null }))
  renderAt(<SignInPage />)
  expect(await screen.findByText('opm launch-url')).toBeInTheDocument()
  expect(screen.queryByRole('button')).not.toBeInTheDocument()
})

test('a server that cannot say how to sign in is asked again', async () => {
  server.use(http.get(`${ORIGIN}/api/auth/methods`, () => refusal(503, 'Starting.')))
  renderAt(<SignInPage />)
  expect(await screen.findByRole('alert')).toHaveTextContent('Starting.')
  provided()
  await user.click(screen.getByRole('button', { name: 'Try again' }))
  expect(await button()).toBeInTheDocument()
  expect(screen.queryByRole('alert')).not.toBeInTheDocument()
})

test.each([
  ['/login?next=/p/shop?tab=1', '/p/shop?tab=1'],
  ['/login?next=//evil.example', '/'],
  ['/login?next=https://evil.example/', '/'],
  ['/login', '/'],
])('%s leads to %s', async (at, next) => {
  const begun = provided()
  renderAt(new FakeExit().around(<LoginPage />), { at, path: '/login' })
  await user.click(await button())
  await waitFor(() => expect(begun).toEqual([{ next }]))
})
