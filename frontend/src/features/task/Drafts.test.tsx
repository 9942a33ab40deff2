import { act, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { beforeEach, expect, it, vi } from 'vitest'
import type { Task } from '@/api/types'
import { aProject, aTask, STATES } from '@/testing/builders'
import { renderAt } from '@/testing/render'
import { gives, ORIGIN, page, server } from '@/testing/server'
import { FakeWebSocket } from '@/testing/socket'
import TaskPanel from './TaskPanel'
import { anInteraction, aSession } from './testing/builders'
import { FakeEventSource } from './testing/eventSource'

const project = aProject({ id: 'project', slug: 'website' })
const BASE = '/projects/project/tasks/task'

beforeEach(() => {
  FakeEventSource.install()
})

function serve(task: Partial<Task> = {}) {
  server.use(
    gives('/states', STATES),
    gives(BASE, aTask({ id: 'task', project_id: 'project', description: 'old', version: 3, ...task })),
    gives(`${BASE}/sessions`, page(task.current_session_id ? [aSession()] : [])),
    gives(`${BASE}/interactions`, page([])),
    gives(`${BASE}/events`, page([])),
    gives('/projects/project/config/versions/1', { version: 1, provider: 'demo' }),
    gives('/attention', page([])),
  )
}

const show = () =>
  renderAt(<TaskPanel project={project} taskId="task" onClose={vi.fn()} />, {
    at: '/p/website/t/task',
    path: '/p/:project/t/:task',
  })
const box = () => screen.findByRole('textbox', { name: 'Description' })

async function write(text: string) {
  await userEvent.click(await screen.findByRole('button', { name: 'Edit' }))
  await userEvent.clear(await box())
  await userEvent.type(await box(), text)
}

it('keeps what was written when another tab is looked at', async () => {
  serve()
  show()
  await write('mine')
  await userEvent.click(screen.getByRole('tab', { name: 'Output' }))
  expect(screen.queryByRole('textbox', { name: 'Description' })).not.toBeInTheDocument()
  await userEvent.click(screen.getByRole('tab', { name: /^Description.*Not saved/ }))
  expect(await box()).toHaveValue('mine')
})

it('shows it when the card is opened again, by the version it began with, and saves it', async () => {
  serve()
  const first = show()
  await write('mine')
  first.unmount()
  serve({ version: 8, status: 'in_progress', current_session_id: 'session-1' })
  const versions: (string | null)[] = []
  server.use(
    http.patch(`${ORIGIN}/api${BASE}`, ({ request }) => {
      versions.push(request.headers.get('if-match'))
      return HttpResponse.json(aTask({ id: 'task', description: 'mine', version: 9 }))
    }),
  )
  show()
  expect(await box()).toHaveValue('mine')
  expect(await box()).not.toHaveFocus()
  expect(screen.getByText(/Not saved yet/)).toBeInTheDocument()
  await userEvent.click(screen.getByRole('button', { name: 'Save' }))
  await waitFor(() => expect(versions).toEqual(['"3"']))
  expect(await screen.findByText('mine')).toBeInTheDocument()
  expect(screen.queryByText('Not saved')).not.toBeInTheDocument()
  expect(sessionStorage).toHaveLength(0)
})

it('stays on the text that is being written when a run begins', async () => {
  serve()
  server.use(
    http.post(`${ORIGIN}/api${BASE}/execute`, () => {
      serve({ version: 4, status: 'in_progress', current_session_id: 'session-1' })
      return HttpResponse.json(aSession(), { status: 202 })
    }),
  )
  show()
  await write('mine')
  await userEvent.click(screen.getByRole('button', { name: 'Execute' }))
  expect(await screen.findByRole('button', { name: 'Cancel run' })).toBeInTheDocument()
  expect(await box()).toHaveValue('mine')
})

it('forgets it only when told to', async () => {
  serve()
  const first = show()
  await write('mine')
  await userEvent.click(screen.getByRole('button', { name: 'Discard changes' }))
  expect(await screen.findByText('old')).toBeInTheDocument()
  first.unmount()
  show()
  expect(await screen.findByText('old')).toBeInTheDocument()
})

it.each([
  ['the reason of a refusal', anInteraction(), 'What shall it do instead?'],
  [
    'an answer',
    anInteraction({ kind: 'question', request: { questions: [{ question: 'Which name?' }] } }),
    'Own answer to: Which name?',
  ],
])('keeps %s when the panel is closed before it is given', async (_, ask, field) => {
  serve({ status: 'in_progress', current_session_id: 'session-1' })
  server.use(gives(`${BASE}/interactions`, page([ask])))
  const first = show()
  if (ask.kind === 'permission') {
    await userEvent.click(await screen.findByRole('button', { name: 'Reject…' }))
  }
  await userEvent.type(await screen.findByLabelText(field), 'use yarn')
  first.unmount()
  show()
  expect(await screen.findByLabelText(field)).toHaveValue('use yarn')
})

it('forgets a message once it was sent, although the box was gone by then', async () => {
  serve({ status: 'in_progress', current_session_id: 'session-1' })
  let answer = () => {}
  server.use(
    http.post(`${ORIGIN}/api${BASE}/interactions`, async () => {
      await new Promise<void>((done) => {
        answer = done
      })
      return HttpResponse.json(aSession(), { status: 202 })
    }),
  )
  show()
  const feedback = await screen.findByLabelText('Feedback to the agent')
  await userEvent.type(feedback, 'Shorter{Control>}{Enter}{/Control}')
  await userEvent.click(screen.getByRole('tab', { name: 'Description' }))
  expect(sessionStorage).toHaveLength(1)
  act(() => answer())
  await waitFor(() => expect(sessionStorage).toHaveLength(0))
})

it('leaves in the box what was written while the message before was sent', async () => {
  serve({ status: 'in_progress', current_session_id: 'session-1' })
  let answer = () => {}
  let answered = false
  server.use(
    http.post(`${ORIGIN}/api${BASE}/interactions`, async () => {
      await new Promise<void>((done) => {
        answer = done
      })
      answered = true
      return HttpResponse.json(aSession(), { status: 202 })
    }),
  )
  show()
  const feedback = await screen.findByLabelText('Feedback to the agent')
  await userEvent.type(feedback, 'Shorter{Control>}{Enter}{/Control}')
  await userEvent.type(feedback, ' and in blue')
  act(() => answer())
  await waitFor(() => expect(answered).toBe(true))
  await waitFor(() =>
    expect(screen.getByRole('button', { name: 'Queue' })).not.toHaveAttribute('aria-busy', 'true'),
  )
  expect(feedback).toHaveValue('Shorter and in blue')
})

it('makes the next message of a change to a queued one that was sent before it was saved', async () => {
  const queued = anInteraction({ id: 'said', kind: 'feedback', state: 'queued', user_prompt: 'Use green' })
  serve({ status: 'in_progress', current_session_id: 'session-1' })
  server.use(gives(`${BASE}/interactions`, page([queued])))
  show()
  await userEvent.click(await screen.findByRole('button', { name: 'Edit the queued message' }))
  await userEvent.type(screen.getByLabelText('Queued message'), ' or teal')
  server.use(gives(`${BASE}/interactions`, page([{ ...queued, state: 'sent' }])))
  const event = { type: 'interaction_changed', projectId: 'project', taskId: 'task', interactionId: 'said' }
  act(() => FakeWebSocket.latest.say({ id: '1', event }))
  expect(await screen.findByText(/left the queue before your change was saved/)).toBeInTheDocument()
  expect(screen.getByLabelText('Feedback to the agent')).toHaveValue('Use green or teal')
  expect(screen.queryByLabelText('Queued message')).not.toBeInTheDocument()
})
