import { screen, waitFor } from '@testing-library/react'
import { HttpResponse, http } from 'msw'
import { StrictMode } from 'react'
import { afterEach, expect, test } from 'vitest'
import { renderAt } from '@/testing/render'
import { ORIGIN, refusal, server } from '@/testing/server'
import { rememberNext } from './next'
import { OidcCallback } from './OidcCallback'

const LATER = '2099-01-01T00:00:00Z'

afterEach(() => {
  window.history.replaceState(null, '', '/')
  sessionStorage.clear()
})

/** A server that answers the exchange of a code like this. */
function serve(answer: () => Response) {
  const seen: unknown[] = []
  server.use(
    http.post(`${ORIGIN}/api/auth/oidc/callback`, async ({ request }) => {
      expect(window.location.href).not.toContain('c0de')
      seen.push(await request.json())
      return answer() as never
    }),
  )
  return seen
}

const signedIn = (next: string | null) => () =>
  HttpResponse.json({ user: { id: 'ada' }, csrf_token: 't', expires_at: LATER, next })

function comeBack(search: string) {
  window.history.replaceState(null, '', `/auth/callback${search}`)
  return renderAt(
    <StrictMode>
      <OidcCallback />
    </StrictMode>,
    { at: `/auth/callback${search}`, path: '/auth/callback' },
  )
}

test('the code is taken out of the address, exchanged once, and leads where one wanted to be', async () => {
  const seen = serve(signedIn('/p/shop?tab=1'))
  const { location } = comeBack('?code=c0de&state=st&iss=https%3A%2F%2Flogin.example.org')
  await waitFor(() => expect(location()).toBe('/p/shop?tab=1'))
  expect(seen).toEqual([{ code: 'c0de', state: 'st', iss: 'https://login.example.org' }])
  expect(window.location.search).toBe('')
  expect(localStorage.getItem('opm.expires_at')).toBe(LATER)
})

test.each([null, '//evil.example', 'https://evil.example'])('next %j leads to the start', async (next) => {
  serve(signedIn(next))
  const { location } = comeBack('?code=c0de&state=st')
  await waitFor(() => expect(location()).toBe('/'))
})

test('a refused code is told, and another try leads to where one wanted to be', async () => {
  rememberNext('/p/shop')
  serve(() => refusal(400, 'This sign-in was not begun in this browser.'))
  comeBack('?code=c0de&state=foreign')
  expect(await screen.findByRole('alert')).toHaveTextContent('was not begun in this browser')
  expect(screen.getByRole('heading', { name: 'Signing in did not work' })).toBeInTheDocument()
  expect(screen.getByRole('link', { name: 'Try again' })).toHaveAttribute('href', '/login?next=%2Fp%2Fshop')
})

test('a 401 of the exchange is its answer, and renews nothing', async () => {
  serve(() => refusal(401, 'The provider’s answer was not accepted.'))
  comeBack('?code=c0de&state=st')
  expect(await screen.findByRole('alert')).toHaveTextContent('was not accepted')
})

test.each([
  ['access_denied', 'did not let you in, or you turned back there'],
  ['temporarily_unavailable', 'too much to do'],
  ['odd_code', 'refused the sign-in (odd_code).'],
  ['<b>Call+0800</b>', 'refused the sign-in.'],
  ['constructor', 'refused the sign-in (constructor).'],
])('the refusal %s is told, without the words of whoever made the link', async (error, words) => {
  const seen = serve(signedIn('/'))
  comeBack(`?error=${error}&error_description=Call+0800&state=st`)
  expect(await screen.findByRole('alert')).toHaveTextContent(words)
  expect(document.body).not.toHaveTextContent('0800')
  expect(seen).toEqual([])
  expect(window.location.search).toBe('')
})

test('an address without an answer leads to the start', async () => {
  const { location } = comeBack('')
  await waitFor(() => expect(location()).toBe('/'))
})
