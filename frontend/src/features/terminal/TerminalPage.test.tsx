import { act, screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { beforeEach, describe, expect, it } from 'vitest'
import type { ProjectSummary, Terminal } from '@/api/types'
import { ReadOnlyContext } from '@/lib/readOnly'
import { aProject } from '@/testing/builders'
import { renderAt } from '@/testing/render'
import { gives, ORIGIN, refusal, server } from '@/testing/server'
import { FakeWebSocket } from '@/testing/socket'
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

function show(at = '', pod_status = 'running') {
  return renderAt(<TerminalPage project={aProject({ id: 'project', pod_status })} />, { at: `/t${at}` })
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

describe('a workspace that is stopped', () => {
  /** Refuses while the workspace starts; says what was asked for. */
  function starts(desired_state: ProjectSummary['desired_state']) {
    const asked: string[] = []
    let starting = 0
    server.use(
      http.get(BASE, () => {
        if (starting === 0) return undefined
        starting -= 1
        return refusal(503, 'The workspace is starting.', { reason: 'pod_starting' })
      }),
      http.post(BASE, () => {
        asked.push('open')
        if (asked.length > 1) return undefined
        starting = 1
        return refusal(503, 'The workspace is starting.', { reason: 'pod_starting' })
      }),
      gives('/projects/project', aProject({ id: 'project', desired_state })),
    )
    return asked
  }

  it('is started by the button only, and the terminal is opened as soon as it runs', async () => {
    const asked = starts('running')
    show('', 'absent')
    expect(await screen.findByText('The workspace is stopped')).toBeInTheDocument()
    expect(asked).toEqual([])
    await userEvent.click(screen.getByRole('button', { name: 'Start it and open a terminal' }))
    expect(await screen.findByText('Starting the workspace')).toBeInTheDocument()
    expect(await screen.findByRole('tab', { name: 'Terminal 1' })).toBeInTheDocument()
    expect(asked).toEqual(['open', 'open'])
    expect(screen.queryByText('The terminal could not be opened')).not.toBeInTheDocument()
  })

  it('is not started again when it was stopped while it started', async () => {
    const asked = starts('stopped')
    show('', 'absent')
    await userEvent.click(await screen.findByRole('button', { name: 'Start it and open a terminal' }))
    await screen.findByText('Starting the workspace')
    expect(await screen.findByText('The workspace is stopped')).toBeInTheDocument()
    expect(asked).toEqual(['open'])
  })

  it('is what is left of the page when it stops under an open terminal', async () => {
    terminals = [{ id: 'pty_1', title: 'Build', running: true }]
    show('', 'absent')
    await screen.findByRole('tab', { name: 'Build' })
    terminals = []
    act(() => FakeWebSocket.all.find(({ url }) => String(url).includes('/terminal?'))?.close(4404))
    expect(await screen.findByText('The workspace is stopped')).toBeInTheDocument()
  })
})

it('offers none in a project that is put away', async () => {
  renderAt(
    <ReadOnlyContext value={true}>
      <TerminalPage project={aProject({ id: 'project', pod_status: 'absent' })} />
    </ReadOnlyContext>,
  )
  expect(await screen.findByRole('heading', { name: 'The workspace rests' })).toBeInTheDocument()
  expect(screen.queryByRole('button')).not.toBeInTheDocument()
})
