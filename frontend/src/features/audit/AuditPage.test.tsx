import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { expect, test, vi } from 'vitest'
import type { AuditEntry } from '@/api/types'
import { aProject } from '@/testing/builders'
import { renderAt } from '@/testing/render'
import { gives, ORIGIN, refusal, server } from '@/testing/server'
import AuditPage from './AuditPage'
import { detailsOf, wordsFor } from './actions'
import { queryOf } from './filter'

const PROJECT = aProject({ id: 'p1' })
const ADA = '018f0000-0000-7000-8000-00000000000a'

function aLine(given: Partial<AuditEntry>): AuditEntry {
  const usual = {
    id: 'l1',
    user_id: 'u1',
    action: 'run.start',
    resource_type: 'session',
    resource_id: 's1',
    details: {},
    ip_address: '127.0.0.1',
    user_agent: 'Browser/1',
    request_id: 'abcdef0123',
    created_at: '2026-01-01T00:00:00Z',
    outcome: 'success' as const,
  }
  return { ...usual, ...given }
}

/** Answers page after page, and says what was asked. */
function serve(...pages: AuditEntry[][]) {
  const asked: URLSearchParams[] = []
  server.use(
    gives('/auth/me', {
      user: { id: 'u1', name: 'Ann' },
      expires_at: '2030-01-01T00:00:00Z',
      sign_in: 'launch',
    }),
    http.get(`${ORIGIN}/api/projects/p1/audit`, ({ request }) => {
      const query = new URL(request.url).searchParams
      asked.push(query)
      const number = Number(query.get('cursor') || 0)
      const next = number + 1 < pages.length ? String(number + 1) : null
      return HttpResponse.json({ items: pages[number] ?? [], next_cursor: next } as never)
    }),
  )
  return asked
}

test('lines say what was done, by whom and to what, and older ones follow', async () => {
  const asked = serve(
    [
      aLine({ id: 'a', details: { kind: 'execute' } }),
      aLine({
        id: 'b',
        action: 'file.delete',
        resource_type: 'file',
        resource_id: 'src/a.py',
        user_id: ADA,
        user_name: 'Ada',
      }),
    ],
    [
      aLine({ id: 'c', action: 'run.end', user_id: null }),
      aLine({ id: 'd', action: 'task.delete', user_id: 'gone-abcdef' }),
    ],
  )
  renderAt(<AuditPage project={PROJECT} />)
  const mine = await screen.findByRole('row', { name: /Run started/ })
  expect(within(mine).getByText(/kind: execute/)).toHaveTextContent('Run · kind: execute')
  expect(await within(mine).findByText('You')).toBeInTheDocument()
  const other = screen.getByRole('row', { name: /File deleted/ })
  expect(within(other).getByText('src/a.py')).toBeInTheDocument()
  expect(within(other).getByText('Ada')).toBeInTheDocument()
  await userEvent.click(screen.getByRole('button', { name: 'Show older' }))
  expect(await screen.findByText('The server')).toBeInTheDocument()
  expect(screen.getByText('User abcdef')).toBeInTheDocument()
  expect(screen.queryByRole('button', { name: 'Show older' })).not.toBeInTheDocument()
  expect(asked.map((query) => query.get('cursor'))).toEqual([null, '1'])
})

test('what did not succeed is marked, and what browser it came from can be opened', async () => {
  serve([
    aLine({ id: 'a', action: 'run.end', outcome: 'failure', user_agent: null }),
    aLine({ id: 'b', user_agent: 'Browser/1 (a phone)' }),
  ])
  renderAt(<AuditPage project={PROJECT} />)
  const failed = await screen.findByRole('row', { name: /Run ended Failed/ })
  expect(within(failed).queryByText(/browser or program/)).not.toBeInTheDocument()
  const done = screen.getByRole('row', { name: /Run started/ })
  expect(within(done).queryByText('Failed')).not.toBeInTheDocument()
  expect(within(done).getByText('Browser/1 (a phone)')).not.toBeVisible()
  await userEvent.click(within(done).getByText('127.0.0.1'))
  expect(within(done).getByText('Browser/1 (a phone)')).toBeVisible()
})

test('the filter stands in the address, narrows what is asked, and goes along into exports', async () => {
  const asked = serve([aLine({})])
  const { location } = renderAt(<AuditPage project={PROJECT} />, { at: '/?action=run.start' })
  const csv = await screen.findByRole('link', { name: 'CSV' })
  expect(csv).toHaveAttribute('href', '/api/projects/p1/audit/export?action=run.start&format=csv')
  const saved: string[] = []
  vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (this: HTMLAnchorElement) {
    saved.push(this.href)
  })
  await userEvent.click(csv)
  await waitFor(() => expect(saved).toEqual([(csv as HTMLAnchorElement).href]))
  await userEvent.type(screen.getByLabelText('From'), '2026-01-02')
  await waitFor(() => expect(location()).toBe('/?action=run.start&from=2026-01-02'))
  await waitFor(() => expect(asked.at(-1)?.get('since')).toBe(new Date(2026, 0, 2).toISOString()))
})

test('a filter that finds nothing can be cleared', async () => {
  serve([])
  const { location } = renderAt(<AuditPage project={PROJECT} />, { at: '/?action=run.end' })
  await userEvent.click(await screen.findByRole('button', { name: 'Clear the filters' }))
  expect(location()).toBe('/')
  expect(await screen.findByText('Nothing has happened yet')).toBeInTheDocument()
})

test('a failure is told', async () => {
  serve()
  server.use(http.get(`${ORIGIN}/api/projects/p1/audit`, () => refusal(400, 'Not so.') as Response))
  renderAt(<AuditPage project={PROJECT} />)
  expect(await screen.findByText('Not so.')).toBeInTheDocument()
})

test('lines are narrowed to a person and to a thing, by choice or by pressing them', async () => {
  const asked = serve([
    aLine({ id: 'a' }),
    aLine({ id: 'b', resource_type: 'file', resource_id: 'src/a.py', user_id: ADA, user_name: 'Ada' }),
  ])
  const { location } = renderAt(<AuditPage project={PROJECT} />)
  await userEvent.click(await screen.findByRole('button', { name: 'src/a.py' }))
  await waitFor(() => expect(asked.at(-1)?.get('resource_id')).toBe('src/a.py'))
  expect(asked.at(-1)?.get('resource_type')).toBe('file')
  expect(screen.getByLabelText('Id or path')).toHaveValue('src/a.py')

  await userEvent.click(screen.getByRole('combobox', { name: 'Who' }))
  await userEvent.click(await screen.findByRole('option', { name: 'Ada' }))
  await waitFor(() => expect(asked.at(-1)?.get('user')).toBe(ADA))
  expect(location()).toBe(`/?user=${ADA}&resource=file&id=src%2Fa.py`)
  expect(await screen.findByRole('link', { name: 'CSV' })).toHaveAttribute(
    'href',
    `/api/projects/p1/audit/export?user=${ADA}&resource_type=file&resource_id=src%2Fa.py&format=csv`,
  )

  await userEvent.click(screen.getByRole('combobox', { name: 'About' }))
  await userEvent.click(await screen.findByRole('option', { name: 'Run' }))
  await waitFor(() => expect(asked.at(-1)?.get('resource_type')).toBe('session'))
  expect(asked.at(-1)?.has('resource_id')).toBe(false)
})

test('lines are narrowed to an outcome, and exports with them', async () => {
  const asked = serve([aLine({ action: 'run.end', outcome: 'failure' })])
  const { location } = renderAt(<AuditPage project={PROJECT} />)
  await userEvent.click(await screen.findByRole('combobox', { name: 'Outcome' }))
  await userEvent.click(await screen.findByRole('option', { name: 'Failed' }))
  await waitFor(() => expect(asked.at(-1)?.get('outcome')).toBe('failure'))
  expect(location()).toBe('/?outcome=failure')
  const csv = await screen.findByRole('link', { name: 'CSV' })
  expect(csv).toHaveAttribute('href', '/api/projects/p1/audit/export?outcome=failure&format=csv')
})

test('an address that names nobody, and no outcome, narrows nothing', async () => {
  const asked = serve([aLine({})])
  renderAt(<AuditPage project={PROJECT} />, { at: '/?user=me&from=soon&outcome=perhaps' })
  await screen.findByRole('row', { name: /Run started/ })
  expect([...(asked[0]?.keys() ?? [])]).toEqual(['limit'])
})

test('administrators read of all accounts, by person, and of no project', async () => {
  serve()
  server.use(
    gives('/audit/accounts', {
      items: [aLine({ action: 'user.disable', resource_type: 'user', user_id: ADA, user_name: 'Ada' })],
      next_cursor: null,
    }),
  )
  renderAt(<AuditPage everybody />)
  expect(await screen.findByText('Account disabled')).toBeInTheDocument()
  expect(screen.getByRole('heading', { name: 'All accounts' })).toBeInTheDocument()
  expect(screen.queryByLabelText('About')).not.toBeInTheDocument()
  await userEvent.click(screen.getByRole('combobox', { name: 'Who' }))
  await userEvent.click(await screen.findByRole('option', { name: 'Ada' }))
  expect(await screen.findByRole('link', { name: 'CSV' })).toHaveAttribute(
    'href',
    `/api/audit/accounts/export?user=${ADA}&format=csv`,
  )
  await userEvent.click(screen.getByRole('combobox', { name: 'What' }))
  expect(screen.queryByRole('option', { name: 'Run started' })).not.toBeInTheDocument()
})

test('the own account has its own actions, and its exports', async () => {
  serve()
  const asked: (string | null)[] = []
  server.use(
    http.get(`${ORIGIN}/api/audit`, ({ request }) => {
      asked.push(new URL(request.url).searchParams.get('action'))
      return HttpResponse.json({ items: [aLine({ action: 'auth.sign_in' })], next_cursor: null } as never)
    }),
  )
  renderAt(<AuditPage />)
  expect(await screen.findByText('Signed in')).toBeInTheDocument()
  expect(screen.queryByLabelText('Who')).not.toBeInTheDocument()
  await userEvent.click(screen.getByRole('combobox', { name: 'What' }))
  // and those of projects that were deleted
  expect(screen.getByRole('option', { name: 'Project deleted' })).toBeInTheDocument()
  expect(screen.getByRole('option', { name: 'Access token made' })).toBeInTheDocument()
  await userEvent.click(await screen.findByRole('option', { name: 'Sign-in refused' }))
  await waitFor(() => expect(asked.at(-1)).toBe('auth.sign_in_refused'))
  expect(await screen.findByRole('link', { name: 'CSV' })).toHaveAttribute(
    'href',
    '/api/audit/export?action=auth.sign_in_refused&format=csv',
  )
})

test('days become moments, the last one whole', () => {
  expect(queryOf({ from: '2026-02-01', to: '2026-02-28' })).toEqual({
    since: new Date(2026, 1, 1).toISOString(),
    until: new Date(2026, 2, 1).toISOString(),
  })
})

test('what has no words yet is shown as it is', () => {
  expect(wordsFor('new.thing')).toBe('new.thing')
  expect(detailsOf(aLine({ details: { a_b: 1, none: null, list: [1] } }))).toBe('a b: 1, list: [1]')
})
