import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { beforeEach, expect, it } from 'vitest'
import type { NewToken, PersonalToken } from '@/api/types'
import { renderAt } from '@/testing/render'
import { ORIGIN, page, refusal, server } from '@/testing/server'
import { Tokens } from './Tokens'

const SECRET = 'opm_pat_shown-once'
let kept: PersonalToken[]
let asked: NewToken[]

function aToken(over: Partial<PersonalToken> = {}): PersonalToken {
  const when = { created_at: '2026-01-01T12:00:00Z', expires_at: '2099-01-01T00:00:00Z', last_seen_at: null }
  return { id: 'one', name: 'nightly', scope: 'read', ...when, ...over }
}

beforeEach(() => {
  kept = []
  asked = []
  server.use(
    http.get(`${ORIGIN}/api/auth/tokens`, () => HttpResponse.json(page(kept))),
    http.post(`${ORIGIN}/api/auth/tokens`, async ({ request }) => {
      const body = (await request.json()) as NewToken
      asked.push(body)
      const token = aToken({ name: body.name, scope: body.scope })
      kept = [token]
      return HttpResponse.json({ token, secret: SECRET }, { status: 201 })
    }),
    http.delete(`${ORIGIN}/api/auth/tokens/:id`, () => {
      kept = []
      return new HttpResponse(null, { status: 204 })
    }),
  )
})

async function fill(name: string) {
  const user = userEvent.setup()
  await user.click(await screen.findByRole('button', { name: 'New token' }))
  const dialog = within(await screen.findByRole('dialog', { name: 'New access token' }))
  expect(dialog.getByLabelText('Name')).toHaveFocus()
  await user.type(dialog.getByLabelText('Name'), name)
  return { user, dialog }
}

it('says what tokens are for when there is none', async () => {
  renderAt(<Tokens />)
  expect(await screen.findByText(/You have none/)).toBeInTheDocument()
})

it('makes one by keyboard, shows its secret once and copies it', async () => {
  renderAt(<Tokens />)
  const { user, dialog } = await fill('  report ')
  await user.click(dialog.getByRole('radio', { name: /May change/ }))
  await user.clear(dialog.getByLabelText('Days until it ends'))
  await user.type(dialog.getByLabelText('Days until it ends'), '30{Enter}')
  const made = within(await screen.findByRole('dialog', { name: 'Token “report”' }))
  expect(asked).toEqual([{ name: 'report', scope: 'write', days: 30 }])
  expect(made.getByText(SECRET)).toBeInTheDocument()
  expect(made.getByText(/only time it is shown/)).toBeInTheDocument()
  expect(made.getByRole('button', { name: 'Copy' })).toHaveFocus()
  await user.keyboard('{Enter}')
  expect(await made.findByText('Copied.')).toBeInTheDocument()
  expect(await navigator.clipboard.readText()).toBe(SECRET)
  await user.click(made.getByRole('button', { name: 'Done' }))
  const [entry] = await screen.findAllByRole('listitem')
  expect(entry).toHaveTextContent('reportmay changenever used')
  expect(screen.queryByText(SECRET)).not.toBeInTheDocument()
})

it('says when the browser does not let it copy', async () => {
  renderAt(<Tokens />)
  const { user, dialog } = await fill('report')
  await user.click(dialog.getByRole('button', { name: 'Make token' }))
  const copy = await screen.findByRole('button', { name: 'Copy' })
  Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true })
  await user.click(copy)
  expect(await screen.findByText(/copy it yourself/)).toBeInTheDocument()
})

it('wants a name and a number of days before it asks', async () => {
  renderAt(<Tokens />)
  const { user, dialog } = await fill(' ')
  await user.clear(dialog.getByLabelText('Days until it ends'))
  await user.type(dialog.getByLabelText('Days until it ends'), '400{Enter}')
  expect(dialog.getByLabelText('Name')).toHaveAccessibleDescription('Say what it is for.')
  expect(dialog.getByLabelText('Days until it ends')).toHaveAccessibleDescription(/from 1 to 366/)
  expect(asked).toEqual([])
})

it('shows why the server made none', async () => {
  server.use(http.post(`${ORIGIN}/api/auth/tokens`, () => refusal(409, 'You have too many.')))
  renderAt(<Tokens />)
  const { user, dialog } = await fill('one more')
  await user.click(dialog.getByRole('button', { name: 'Make token' }))
  expect(await dialog.findByRole('alert')).toHaveTextContent('You have too many.')
})

it('deletes one after asking', async () => {
  kept = [aToken({ name: 'old' })]
  renderAt(<Tokens />)
  const user = userEvent.setup()
  await user.click(await screen.findByRole('button', { name: 'Delete old' }))
  const question = await screen.findByRole('alertdialog', { name: 'Delete the token “old”?' })
  await user.click(within(question).getByRole('button', { name: 'Delete token' }))
  await waitFor(() => expect(screen.queryByRole('listitem')).not.toBeInTheDocument())
})
