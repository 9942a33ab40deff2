import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { onSignIn } from '@/api/auth'
import type { OwnSignIn } from '@/api/types'
import { FakeExit } from '@/testing/exit'
import { renderAt } from '@/testing/render'
import { ORIGIN, page, refusal, server } from '@/testing/server'
import { SignIns } from './SignIns'

const user = userEvent.setup()
const WEBKIT = 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36'
let here: OwnSignIn[]
let ended: ReturnType<typeof vi.fn<() => void>>
let stop: () => void

function aSignIn(over: Partial<OwnSignIn>): OwnSignIn {
  const when = { created_at: '2026-01-01T12:00:00Z', expires_at: '2099-01-01T00:00:00Z' }
  return {
    id: 'one',
    kind: 'oidc',
    ip_address: '192.0.2.7',
    user_agent: null,
    last_seen_at: null,
    ...when,
    ...over,
  }
}

beforeEach(() => {
  here = [
    aSignIn({ id: 'this', current: true, user_agent: `Mozilla/5.0 (X11; Linux x86_64) ${WEBKIT}` }),
    aSignIn({ id: 'other', user_agent: `Mozilla/5.0 (Linux; Android 16; K) ${WEBKIT}` }),
  ]
  ended = vi.fn<() => void>()
  stop = onSignIn({ ended, begun: () => {} })
  server.use(
    http.get(`${ORIGIN}/api/auth/sign-ins`, () => HttpResponse.json(page(here))),
    http.delete(`${ORIGIN}/api/auth/sign-ins/:id`, ({ params }) => {
      here = here.filter(({ id }) => id !== params.id)
      return new HttpResponse(null, { status: 204 })
    }),
  )
})

afterEach(() => stop())

it('lists the browsers in simple words, and marks the one that asks', async () => {
  renderAt(<SignIns />)
  const [first, second] = await screen.findAllByRole('listitem')
  expect(first).toHaveTextContent('Chrome on Linux')
  expect(first).toHaveTextContent('this browser')
  expect(second).toHaveTextContent('Chrome on Android')
  expect(second).toHaveTextContent('from 192.0.2.7')
  expect(second).not.toHaveTextContent('this browser')
})

it('signs another browser out, which goes from the list', async () => {
  renderAt(<SignIns />)
  await user.click(await screen.findByRole('button', { name: 'Sign out Chrome on Android' }))
  await waitFor(() => expect(screen.getAllByRole('listitem')).toHaveLength(1))
  expect(here.map(({ id }) => id)).toEqual(['this'])
  expect(ended).not.toHaveBeenCalled()
})

it('says why another browser could not be signed out', async () => {
  server.use(http.delete(`${ORIGIN}/api/auth/sign-ins/:id`, () => refusal(500, 'The disk is full.')))
  renderAt(<SignIns />)
  await user.click(await screen.findByRole('button', { name: 'Sign out Chrome on Android' }))
  expect(await screen.findByText('The disk is full.')).toBeInTheDocument()
})

it('signs this browser out, also at the provider', async () => {
  const exit = new FakeExit()
  const form = { url: 'https://login.example.org/logout', fields: { id_token_hint: 'hint' } }
  server.use(http.post(`${ORIGIN}/api/auth/logout`, () => HttpResponse.json(form)))
  renderAt(exit.around(<SignIns />))
  await user.click(await screen.findByRole('button', { name: 'Sign out this browser' }))
  await waitFor(() => expect(exit.posted).toEqual([form]))
  expect(ended).toHaveBeenCalledOnce()
})

it('asks before it signs out everywhere', async () => {
  const asked = vi.fn()
  server.use(
    http.post(`${ORIGIN}/api/auth/logout/everywhere`, () => {
      asked()
      return new HttpResponse(null, { status: 204 })
    }),
  )
  renderAt(<SignIns />)
  const everywhere = await screen.findByRole('button', { name: 'Sign out everywhere' })
  await user.click(everywhere)
  await user.click(within(await screen.findByRole('alertdialog')).getByRole('button', { name: 'Cancel' }))
  expect(asked).not.toHaveBeenCalled()
  await user.click(everywhere)
  const dialog = await screen.findByRole('alertdialog', { name: 'Sign out everywhere?' })
  await user.click(within(dialog).getByRole('button', { name: 'Sign out everywhere' }))
  await waitFor(() => expect(ended).toHaveBeenCalledOnce())
  expect(asked).toHaveBeenCalledOnce()
})

it('says when the list cannot be read', async () => {
  server.use(http.get(`${ORIGIN}/api/auth/sign-ins`, () => refusal(500, 'No database.')))
  renderAt(<SignIns />)
  expect(await screen.findByText('No database.')).toBeInTheDocument()
})
