/** A card with a long life: more exchanges, runs and history than the server gives in one page. */
import { screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, it } from 'vitest'
import { aProject, aTask, STATES } from '@/testing/builders'
import { renderAt } from '@/testing/render'
import { gives, givesPages, page, server } from '@/testing/server'
import TaskPanel from './TaskPanel'
import { anInteraction, aSession } from './testing/builders'
import { FakeEventSource } from './testing/eventSource'

const BASE = '/projects/project/tasks/task'
const ENDED = { status: 'completed', verdict: 'success', exit_code: 0 } as const

let cursors: (string | null)[]

beforeEach(() => {
  cursors = []
  FakeEventSource.install()
})

function event(id: string, event_type: string, more: object = {}) {
  return {
    ...{ id, event_type, metadata: {}, task_id: 'task', actor_user_id: null, actor_name: null },
    ...{ created_at: '2026-01-01T12:00:00Z', ...more },
  }
}

const FAILED = {
  metadata: { old: 'in_progress', new: 'human_review', cause: 'failed', reason: 'The key was refused.' },
}
const UNDONE = { metadata: { old: 'human_review', new: 'ai_review', cause: 'undo' }, actor_name: 'Ada' }

function show(tab: string) {
  server.use(
    gives('/states', STATES),
    gives('/attention', page([])),
    gives('/projects/project/config/versions/1', { version: 1, provider: 'demo' }),
    gives(BASE, aTask({ id: 'task', status: 'in_progress', current_session_id: 'session-1' })),
    givesPages(`${BASE}/sessions`, [
      [aSession()],
      [aSession({ id: 'session-0', prompt: 'First', ...ENDED })],
    ]),
    givesPages(`${BASE}/interactions`, [
      [anInteraction({ id: 'old', kind: 'prompt', state: 'answered', user_prompt: 'Begin' })],
      [
        anInteraction({ id: 'queued', kind: 'feedback', state: 'queued', user_prompt: 'And then this' }),
        anInteraction({ id: 'ask' }),
      ],
    ]),
    givesPages(
      `${BASE}/events`,
      [
        [event('e4', 'status_changed', UNDONE), event('e3', 'status_changed', FAILED), event('e2', 'edited')],
        [event('e1', 'created')],
      ],
      cursors,
    ),
  )
  const project = aProject({ id: 'project', slug: 'website' })
  return renderAt(<TaskPanel project={project} taskId="task" onClose={() => {}} />, {
    at: `/p/website/t/task?tab=${tab}`,
    path: '/p/:project/t/:task',
  })
}

it('shows the ask and the queued message that came last', async () => {
  show('conversation')
  expect(await screen.findByRole('region', { name: /asks for permission: bash/ })).toBeInTheDocument()
  expect(screen.getAllByText('And then this').length).toBeGreaterThan(0)
})

it('lists its first run, and numbers the runs from it', async () => {
  show('history')
  expect(await screen.findByRole('button', { name: /#1.*Succeeded/ })).toBeInTheDocument()
  expect(screen.getByRole('button', { name: /#2.*Running/ })).toBeInTheDocument()
})

it('reads its history on when asked', async () => {
  show('history')
  await screen.findByText('Edited')
  expect(screen.queryByText('Card created')).not.toBeInTheDocument()
  await userEvent.click(screen.getByRole('button', { name: 'Show older' }))
  expect(await screen.findByText('Card created')).toBeInTheDocument()
  expect(screen.queryByRole('button', { name: 'Show older' })).not.toBeInTheDocument()
  expect(cursors).toEqual([null, '1'])
})

it('tells in its history who did what, and why', async () => {
  show('history')
  const undone = (await screen.findByText(/move undone/)).closest('li')
  expect(undone).toHaveTextContent('Human review → AI review (move undone) · Ada')
  const failed = screen.getByText(/run failed/).closest('li')
  expect(failed).toHaveTextContent('The key was refused.')
})

it('shows the prompt of a run and how its program ended', async () => {
  show('history')
  const first = await screen.findByRole('button', { name: /#1.*exit 0/ })
  const entry = first.closest('li') as HTMLElement
  await userEvent.click(within(entry).getByRole('button', { name: 'Prompt' }))
  expect(within(entry).getByText('First')).toBeInTheDocument()
})
