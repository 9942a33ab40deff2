import { render, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { aProject, aTask, STATES } from '@/testing/builders'
import { gives, ORIGIN, page, server } from '@/testing/server'
import { App } from './App'

const LATER = '2099-01-01T00:00:00Z'
const old = aProject({ id: 'p', name: 'Shop', slug: 'shop', status: 'archived', archived_at: LATER })

beforeEach(() => {
  let project = old
  server.use(
    gives('/auth/me', { user: { id: 'me', name: 'Ada' }, expires_at: LATER, sign_in: 'launch' }),
    gives('/auth/me/preferences', {}),
    gives('/projects', page([])),
    gives('/attention', page([])),
    gives('/states', STATES),
    gives('/projects/p/tasks', page([aTask({ id: 't', title: 'Paint the door' })])),
    http.get(`${ORIGIN}/api/projects/shop`, () => HttpResponse.json(project as never)),
    http.post(`${ORIGIN}/api/projects/p/restore`, () => {
      project = { ...project, status: 'ready', archived_at: null }
      return HttpResponse.json(project as never)
    }),
  )
  window.history.replaceState(null, '', '/p/shop')
})

afterEach(() => window.history.replaceState(null, '', '/'))

const CHANGES = ['Execute', 'New card', 'Select cards', 'Move Paint the door']
const offered = () => CHANGES.filter((name) => screen.queryByRole('button', { name }))

test('the board of an archived project is there to be read, and offers no change until it is restored', async () => {
  render(<App />)
  await screen.findByRole('article', { name: 'Paint the door' })
  expect(screen.getByText(/This project is archived/)).toBeInTheDocument()
  expect(offered()).toEqual([])
  expect(screen.queryByRole('button', { name: /Workspace:/ })).not.toBeInTheDocument()
  await userEvent.click(screen.getByRole('button', { name: 'Actions for Paint the door' }))
  const items = await screen.findAllByRole('menuitem')
  expect(items.map((item) => item.textContent?.trim())).toEqual(['Copy link'])
  await userEvent.keyboard('{Escape}')
  await userEvent.keyboard('c')
  expect(screen.queryByRole('dialog')).not.toBeInTheDocument()
  await userEvent.click(screen.getByRole('button', { name: 'Restore' }))
  await waitFor(() => expect(screen.queryByText(/This project is archived/)).not.toBeInTheDocument())
  expect(offered()).toEqual(CHANGES)
})
