import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { beforeEach, expect, it } from 'vitest'
import type { Terminal } from '@/api/types'
import { aProject } from '@/testing/builders'
import { renderAt } from '@/testing/render'
import { ORIGIN, refusal, server } from '@/testing/server'
import TerminalPage from './TerminalPage'

const BASE = `${ORIGIN}/api/projects/project/terminals`
let terminals: Terminal[]

beforeEach(() => {
  terminals = []
  server.use(
    http.get(BASE, () => HttpResponse.json(terminals as never)),
    http.post(BASE, async ({ request }) => {
      const { title } = (await request.json()) as { title: string }
      const made = { id: `pty_${terminals.length + 1}`, title, running: true }
      terminals = [...terminals, made]
      return HttpResponse.json(made, { status: 201 })
    }),
    http.patch(`${BASE}/:id`, async ({ params, request }) => {
      const { title } = (await request.json()) as { title: string }
      terminals = terminals.map((one) => (one.id === params.id ? { ...one, title } : one))
      return HttpResponse.json(terminals[0] as never)
    }),
    http.delete(`${BASE}/:id`, ({ params }) => {
      terminals = terminals.filter(({ id }) => id !== params.id)
      return new HttpResponse(null, { status: 204 })
    }),
  )
})

function show(at = '') {
  return renderAt(<TerminalPage project={aProject({ id: 'project' })} />, { at: `/t${at}` })
}

const tabs = async () => (await screen.findAllByRole('tab')).map((tab) => tab.textContent)

it('opens the first and a second, each by its number, and shows the new one', async () => {
  const page = show()
  await userEvent.click(await screen.findByRole('button', { name: 'Open a terminal' }))
  expect(await screen.findByRole('tab', { name: 'Terminal 1' })).toHaveAttribute('aria-selected', 'true')
  expect(page.location()).toBe('/t?terminal=pty_1')
  await userEvent.click(screen.getByRole('button', { name: 'New terminal' }))
  await waitFor(async () => expect(await tabs()).toEqual(['Terminal 1', 'Terminal 2']))
  expect(page.location()).toBe('/t?terminal=pty_2')
})

it('shows the one of the address, and changes it by its tab', async () => {
  terminals = [
    { id: 'pty_1', title: 'Build', running: true },
    { id: 'pty_2', title: 'Tests', running: true },
  ]
  const page = show('?terminal=pty_2')
  expect(await screen.findByLabelText('Tests: terminal input')).toBeInTheDocument()
  await userEvent.click(screen.getByRole('tab', { name: 'Build' }))
  expect(await screen.findByLabelText('Build: terminal input')).toBeInTheDocument()
  expect(page.location()).toBe('/t?terminal=pty_1')
})

it('closes one that runs only after a yes', async () => {
  terminals = [{ id: 'pty_1', title: 'Build', running: true }]
  show()
  await userEvent.click(await screen.findByRole('button', { name: 'Close terminal' }))
  const dialog = await screen.findByRole('alertdialog', { name: 'Close Build?' })
  expect(terminals).toHaveLength(1)
  await userEvent.click(within(dialog).getByRole('button', { name: 'Close terminal' }))
  expect(await screen.findByText('No terminal is open')).toBeInTheDocument()
})

it('closes one that has ended without a question', async () => {
  terminals = [{ id: 'pty_1', title: 'Build', running: false }]
  show()
  await userEvent.click(await screen.findByRole('button', { name: 'Close terminal' }))
  expect(await screen.findByText('No terminal is open')).toBeInTheDocument()
})

it('renames one', async () => {
  terminals = [{ id: 'pty_1', title: 'Terminal 1', running: true }]
  show()
  await userEvent.click(await screen.findByRole('button', { name: 'Rename terminal' }))
  const dialog = await screen.findByRole('dialog')
  await userEvent.clear(within(dialog).getByRole('textbox'))
  await userEvent.type(within(dialog).getByRole('textbox'), 'Build{Enter}')
  expect(await screen.findByRole('tab', { name: 'Build' })).toBeInTheDocument()
})

it('waits for a workspace that starts, and says why none can be opened', async () => {
  let starting = true
  server.use(
    http.get(BASE, () => {
      if (!starting) return undefined
      starting = false
      return refusal(503, 'The workspace is starting.', { reason: 'pod_starting' })
    }),
    http.post(BASE, () => refusal(409, 'Ten terminals are open; close one first.')),
  )
  show()
  expect(await screen.findByText('Starting the workspace')).toBeInTheDocument()
  await userEvent.click(await screen.findByRole('button', { name: 'Open a terminal' }))
  expect(await screen.findByText('Ten terminals are open; close one first.')).toBeInTheDocument()
})
