import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { beforeEach, expect, it } from 'vitest'
import type { Person } from '@/api/types'
import { renderAt } from '@/testing/render'
import { gives, ORIGIN, refusal, server } from '@/testing/server'
import PeoplePage from './PeoplePage'

const user = userEvent.setup()
let people: Person[]
let asked: string[]

function aPerson(name: string, over: Partial<Person> = {}): Person {
  const email = `${name.toLowerCase()}@example.org`
  const when = {
    created_at: '2026-01-01T12:00:00Z',
    last_login_at: '2026-01-01T12:00:00Z',
    disabled_at: null,
  }
  return { id: name, name, email, picture_url: null, issuer: 'https://login.example.org', ...when, ...over }
}

const replace = (id: unknown, change: Partial<Person>) => {
  people = people.map((person) => (person.id === id ? { ...person, ...change } : person))
  return people.find((person) => person.id === id)
}

beforeEach(() => {
  asked = []
  people = [
    aPerson('Ada', { is_admin: true }),
    aPerson('Bob'),
    aPerson('Carol', { disabled_at: '2026-01-02T00:00:00Z' }),
  ]
  server.use(
    gives('/auth/me', { user: people[0], sign_in: 'oidc' }),
    http.get(`${ORIGIN}/api/users`, ({ request }) => {
      const { searchParams } = new URL(request.url)
      const q = searchParams.get('q')?.toLowerCase() ?? ''
      const found = people.filter(({ name }) => name.toLowerCase().includes(q))
      asked.push(searchParams.toString())
      const start = Number(searchParams.get('cursor') ?? 0)
      const next = start + 2 < found.length ? String(start + 2) : null
      return HttpResponse.json({ items: found.slice(start, start + 2), next_cursor: next })
    }),
    http.patch(`${ORIGIN}/api/users/:id`, async ({ request, params }) => {
      const { disabled } = (await request.json()) as { disabled: boolean }
      return HttpResponse.json(replace(params.id, { disabled_at: disabled ? '2026-01-03T00:00:00Z' : null }))
    }),
    http.post(`${ORIGIN}/api/users/:id/sign-out`, ({ params }) => {
      asked.push(`sign out ${params.id}`)
      return new HttpResponse(null, { status: 204 })
    }),
  )
})

const show = (at = '/people') => renderAt(<PeoplePage />, { at, path: '/people' })
const row = async (name: string) => {
  const found = (await screen.findByText(name)).closest('li')
  if (!found) throw new Error(`${name} stands in no row`)
  return within(found)
}

async function confirmed(title: string, action: string) {
  const question = await screen.findByRole('alertdialog', { name: title })
  await user.click(within(question).getByRole('button', { name: action }))
}

it('lists people with what they are, and more on demand', async () => {
  show()
  expect((await row('Ada')).getByText('administrator')).toBeInTheDocument()
  expect((await row('Ada')).getByText('you')).toBeInTheDocument()
  expect((await row('Ada')).queryByRole('button')).not.toBeInTheDocument()
  expect(screen.queryByText('Carol')).not.toBeInTheDocument()
  await user.click(screen.getByRole('button', { name: 'Show more' }))
  expect((await row('Carol')).getByText('disabled')).toBeInTheDocument()
  expect(screen.queryByRole('button', { name: 'Show more' })).not.toBeInTheDocument()
})

it('searches, with the words in the address', async () => {
  const { location } = show()
  await row('Ada')
  await user.type(screen.getByRole('searchbox', { name: 'Find people' }), 'bo')
  await waitFor(() => expect(screen.queryByText('Ada')).not.toBeInTheDocument())
  await row('Bob')
  expect(location()).toBe('/people?q=bo')
})

it('begins with the words of the address, and says when nobody is called that', async () => {
  show('/people?q=zoe')
  expect(await screen.findByText('Nobody is called that')).toBeInTheDocument()
  await user.click(screen.getByRole('button', { name: 'Show everybody' }))
  await row('Ada')
})

it('shuts somebody out after asking, and lets them in again', async () => {
  show('/people?q=bob')
  await user.click((await row('Bob')).getByRole('button', { name: 'Disable Bob' }))
  await confirmed('Shut Bob out?', 'Cancel')
  expect((await row('Bob')).queryByText('disabled')).not.toBeInTheDocument()
  await user.click((await row('Bob')).getByRole('button', { name: 'Disable Bob' }))
  await confirmed('Shut Bob out?', 'Disable')
  expect(await (await row('Bob')).findByText('disabled')).toBeInTheDocument()
  await user.click((await row('Bob')).getByRole('button', { name: 'Enable Bob' }))
  await confirmed('Let Bob in again?', 'Enable')
  await waitFor(async () => expect((await row('Bob')).queryByText('disabled')).not.toBeInTheDocument())
})

it('signs somebody out after asking', async () => {
  show('/people?q=bob')
  await user.click((await row('Bob')).getByRole('button', { name: 'Sign out Bob' }))
  await confirmed('Sign out Bob?', 'Sign out')
  expect(await screen.findByText('Bob is signed out')).toBeInTheDocument()
  expect(asked).toContain('sign out Bob')
})

it('says why it did not work', async () => {
  server.use(http.patch(`${ORIGIN}/api/users/:id`, () => refusal(409, 'Not now.')))
  show('/people?q=bob')
  await user.click((await row('Bob')).getByRole('button', { name: 'Disable Bob' }))
  await confirmed('Shut Bob out?', 'Disable')
  expect(await screen.findByText('Not now.')).toBeInTheDocument()
})

it('tells everybody else that it is not for them', async () => {
  server.use(http.get(`${ORIGIN}/api/users`, () => refusal(403, 'Only administrators may do this.')))
  show()
  expect(await screen.findByText('Only administrators may do this.')).toBeInTheDocument()
  expect(screen.queryByRole('searchbox')).not.toBeInTheDocument()
  expect(screen.queryByRole('button', { name: 'Try again' })).not.toBeInTheDocument()
})
