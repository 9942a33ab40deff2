import { act, screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Interaction, Session, Task } from '@/api/types'
import { aProject, aTask, STATES } from '@/testing/builders'
import { renderAt } from '@/testing/render'
import { gives, ORIGIN, page, refusal, server } from '@/testing/server'
import TaskPanel from './TaskPanel'
import { anInteraction, aSession } from './testing/builders'
import { FakeEventSource } from './testing/eventSource'

const project = aProject({ id: 'project', slug: 'website' })
const BASE = '/projects/project/tasks/task'
const onClose = vi.fn()

interface Scene {
  task?: Partial<Task>
  runs?: Session[]
  interactions?: Interaction[]
  at?: string
}

function show({ task = {}, runs = [], interactions = [], at = '' }: Scene = {}) {
  server.use(
    gives('/states', STATES),
    gives(BASE, aTask({ id: 'task', project_id: 'project', ...task })),
    gives(`${BASE}/sessions`, page(runs)),
    gives(`${BASE}/interactions`, page(interactions)),
    gives(`${BASE}/events`, page([])),
    gives('/projects/project/config/versions/1', { version: 1, provider: 'demo' }),
    gives('/attention', page([])),
  )
  return renderAt(<TaskPanel project={project} taskId="task" onClose={onClose} />, {
    at: `/p/website/t/task${at}`,
    path: '/p/:project/t/:task',
  })
}

/** What was posted to a path, answered with `reply`. */
function posts(path: string, reply: unknown): unknown[] {
  const bodies: unknown[] = []
  server.use(
    http.post(`${ORIGIN}/api${path}`, async ({ request }) => {
      const text = await request.text()
      bodies.push(text ? JSON.parse(text) : null)
      return HttpResponse.json(reply as never, { status: 202 })
    }),
  )
  return bodies
}

const running: Scene = {
  task: { status: 'in_progress', current_session_id: 'session-1' },
  runs: [aSession()],
}

beforeEach(() => {
  onClose.mockReset()
  FakeEventSource.install()
  // jsdom lays nothing out, and a virtual list shows only what has room.
  vi.spyOn(Element.prototype, 'clientHeight', 'get').mockReturnValue(600)
  vi.spyOn(Element.prototype, 'clientWidth', 'get').mockReturnValue(600)
})

describe('a card that has not run', () => {
  it('shows its description as Markdown and starts a run', async () => {
    const executed = posts(`${BASE}/execute`, aSession())
    show({ task: { description: 'Do **this**' } })
    expect(await screen.findByText('this')).toHaveProperty('tagName', 'STRONG')
    await userEvent.click(screen.getByRole('button', { name: 'Execute' }))
    await waitFor(() => expect(executed).toHaveLength(1))
  })

  it('says so where its output would be', async () => {
    show({ at: '?tab=output' })
    expect(await screen.findByText('This card has not run yet')).toBeInTheDocument()
  })
})

describe('live output', () => {
  it('shows text and commands as they come, labelled as the demo it is', async () => {
    show(running)
    await waitFor(() => expect(FakeEventSource.all).toHaveLength(1))
    const source = FakeEventSource.latest
    expect(source.url).toContain('session_id=session-1')
    act(() => {
      source.open()
      source.say('output', { type: 'output', data: 'Looking ', part_id: 'p' }, 1)
      source.say('output', { type: 'output', data: 'around', part_id: 'p' }, 2)
      const call = {
        part_id: 't',
        tool: 'bash',
        state: 'completed',
        input: { command: 'make' },
        exit_code: 2,
      }
      source.say('tool', { type: 'tool', ...call, output: 'no rule' }, 3)
    })
    const log = await screen.findByRole('log')
    expect(await within(log).findByText('Looking around')).toBeInTheDocument()
    expect(within(log).getByText('make')).toBeInTheDocument()
    expect(within(log).getByText('exit 2')).toBeInTheDocument()
    expect(within(log).getByText('no rule')).toBeInTheDocument()
    expect(screen.getByText('Demo model (scripted)')).toBeInTheDocument()
  })

  it('says what the run waits for, and when the line is broken', async () => {
    show({ ...running, runs: [aSession({ status: 'queued', queue_position: 2 })] })
    expect(await screen.findByText(/#2 in the queue/)).toBeInTheDocument()
    await waitFor(() => expect(FakeEventSource.all).toHaveLength(1))
    act(() => FakeEventSource.latest.fail(FakeEventSource.CONNECTING))
    expect(await screen.findByText(/Reconnecting to the output/)).toBeInTheDocument()
  })

  it('says when the run waits for other runs than those of its project', async () => {
    show({ ...running, runs: [aSession({ status: 'queued', queue_position: 1, waits_for: 'server' })] })
    const said = 'Queued until the server has room (#1 in the queue of this project)'
    expect(await screen.findByText(said)).toBeInTheDocument()
  })

  it('shows an older run when it is chosen, with its own output', async () => {
    const old = aSession({ id: 'session-0', status: 'failed', verdict: 'timeout', reason: 'Too slow' })
    show({ ...running, runs: [aSession(), old], at: '?tab=history' })
    await userEvent.click(await screen.findByRole('button', { name: /Timed out/ }))
    await waitFor(() => expect(FakeEventSource.latest.url).toContain('session_id=session-0'))
    expect(screen.getByText('An earlier run')).toBeInTheDocument()
  })

  it('tells who began it, and its sub-agents under those that made them', async () => {
    const child = { id: 'c1', parent: null, title: 'Look around', state: 'finished', cost: 0.5 } as const
    const usual = { reason: null, tokens: { input: 1500 }, duration_ms: 2_000 }
    const below = { ...child, id: 'c2', parent: 'c1', title: 'Look deeper', state: 'failed' } as const
    const children = [
      { ...child, ...usual },
      { ...below, ...usual, reason: 'Overloaded' },
    ]
    const run = aSession({ status: 'completed', verdict: 'success', created_by_name: 'Ada', children })
    show({ ...running, runs: [run], at: '?tab=history' })
    const list = await screen.findByRole('list', { name: 'Sub-agents' })
    const [first, second] = within(list).getAllByRole('listitem')
    expect(first).toHaveTextContent('Look around 2s · 1.5k tokens · $0.50')
    expect(second).toHaveTextContent('Look deeperFailed 2s · 1.5k tokens · $0.50Overloaded')
    expect(screen.getByRole('button', { name: /by Ada/ })).toBeInTheDocument()
  })
})

describe('asks', () => {
  it('allows once what is shown', async () => {
    const answers = posts(`${BASE}/permissions/ask-1`, anInteraction({ state: 'sent' }))
    show({ ...running, interactions: [anInteraction()] })
    const ask = await screen.findByRole('region', { name: /asks for permission: bash/ })
    expect(within(ask).getByText('npm test')).toBeInTheDocument()
    await userEvent.click(within(ask).getByRole('button', { name: 'Allow once' }))
    await waitFor(() => expect(answers).toEqual([{ reply: 'once' }]))
  })

  it('rejects with what to do instead', async () => {
    const answers = posts(`${BASE}/permissions/ask-1`, anInteraction({ state: 'sent' }))
    show({ ...running, interactions: [anInteraction()] })
    await userEvent.click(await screen.findByRole('button', { name: 'Reject…' }))
    await userEvent.type(screen.getByLabelText('What shall it do instead?'), 'use yarn')
    await userEvent.click(screen.getByRole('button', { name: 'Reject' }))
    await waitFor(() => expect(answers).toEqual([{ reply: 'reject', message: 'use yarn' }]))
  })

  it('answers several questions at once, by choice and in own words', async () => {
    const answers = posts(`${BASE}/questions/ask-1`, anInteraction({ state: 'sent' }))
    const request = {
      questions: [
        { question: 'Which store?', options: [{ label: 'SQLite' }, { label: 'PostgreSQL' }] },
        { question: 'Which name?' },
      ],
    }
    show({ ...running, interactions: [anInteraction({ kind: 'question', request })] })
    const send = await screen.findByRole('button', { name: 'Send answer' })
    await userEvent.click(screen.getByRole('radio', { name: 'SQLite' }))
    expect(send).toBeDisabled()
    await userEvent.type(screen.getByLabelText('Own answer to: Which name?'), 'Ada')
    await userEvent.click(send)
    await waitFor(() => expect(answers).toEqual([{ answers: [['SQLite'], ['Ada']] }]))
  })

  it('says why an answer was refused', async () => {
    server.use(http.post(`${ORIGIN}/api${BASE}/permissions/ask-1`, () => refusal(409, 'Answered already.')))
    show({ ...running, interactions: [anInteraction()] })
    await userEvent.click(await screen.findByRole('button', { name: 'Always allow' }))
    expect(await screen.findByText('Answered already.')).toBeInTheDocument()
  })

  it('shows an expired ask without a way to answer', async () => {
    show({ ...running, interactions: [anInteraction({ state: 'expired' })], at: '?tab=conversation' })
    expect(await screen.findByText('Expired')).toBeInTheDocument()
    expect(screen.queryByRole('button', { name: 'Allow once' })).not.toBeInTheDocument()
  })
})

describe('a card in review', () => {
  const review: Scene = {
    task: { status: 'ai_review', current_session_id: 'session-1' },
    runs: [aSession({ status: 'completed', verdict: 'success' })],
    at: '?tab=conversation',
  }

  it('sends feedback with Ctrl+Enter and empties the box', async () => {
    const sent = posts(`${BASE}/interactions`, aSession())
    show(review)
    const box = await screen.findByLabelText('Feedback to the agent')
    await userEvent.type(box, 'Shorter, please{Control>}{Enter}{/Control}')
    await waitFor(() => expect(sent).toEqual([{ message: 'Shorter, please' }]))
    await waitFor(() => expect(box).toHaveValue(''))
  })

  it('keeps a draft when the panel is closed and opened again', async () => {
    const first = show(review)
    await userEvent.type(await screen.findByLabelText('Feedback to the agent'), 'half a thought')
    first.unmount()
    show(review)
    expect(await screen.findByLabelText('Feedback to the agent')).toHaveValue('half a thought')
  })

  it('moves on by approval', async () => {
    const moves = posts(`${BASE}/move`, aTask({ id: 'task', project_id: 'project', status: 'human_review' }))
    show(review)
    await userEvent.click(await screen.findByRole('button', { name: /Approve/ }))
    await waitFor(() => expect(moves).toEqual([{ status: 'human_review' }]))
  })

  it('explains elsewhere why there is no feedback', async () => {
    show({ at: '?tab=conversation' })
    expect(await screen.findByText(/Execute the card first/)).toBeInTheDocument()
  })
})

describe('editing', () => {
  function patches(...replies: (() => Response)[]): { body: unknown; version: string | null }[] {
    const seen: { body: unknown; version: string | null }[] = []
    server.use(
      http.patch(`${ORIGIN}/api${BASE}`, async ({ request }) => {
        seen.push({ body: await request.json(), version: request.headers.get('if-match') })
        const reply = replies[seen.length - 1]
        if (!reply) throw new Error('more saves than expected')
        return reply()
      }),
    )
    return seen
  }

  async function edit(text: string) {
    show({ task: { description: 'old', version: 3 } })
    await userEvent.click(await screen.findByRole('button', { name: 'Edit' }))
    const box = screen.getByRole('textbox', { name: 'Description' })
    await userEvent.clear(box)
    await userEvent.type(box, text)
    await userEvent.click(screen.getByRole('button', { name: 'Save' }))
  }

  const saved = (description: string) => () =>
    HttpResponse.json(aTask({ id: 'task', project_id: 'project', description, version: 9 })) as Response
  const clash = (description: string) => () =>
    refusal(409, 'changed', {
      version: 5,
      current: { title: 'Add a contact form', description, file_references: [] },
    }) as Response

  it('shows the version that was edited to the server', async () => {
    const seen = patches(saved('new'))
    await edit('new')
    await waitFor(() =>
      expect(screen.queryByRole('textbox', { name: 'Description' })).not.toBeInTheDocument(),
    )
    expect(seen).toEqual([
      { body: { title: 'Add a contact form', description: 'new', file_references: [] }, version: '"3"' },
    ])
    expect(screen.getByText('new')).toBeInTheDocument()
  })

  it('shows both texts when somebody else was faster, and can keep ours', async () => {
    const seen = patches(clash('theirs'), saved('mine'))
    await edit('mine')
    const alert = await screen.findByRole('alert')
    expect(within(alert).getByText('theirs')).toBeInTheDocument()
    expect(screen.getByRole('textbox', { name: 'Description' })).toHaveValue('mine')
    await userEvent.click(within(alert).getByRole('button', { name: 'Keep mine' }))
    await waitFor(() => expect(seen.at(-1)?.version).toBe('"5"'))
    expect(await screen.findByText('mine')).toBeInTheDocument()
  })

  it('does not trouble anybody when only the card moved', async () => {
    const seen = patches(clash('old'), saved('mine'))
    await edit('mine')
    await waitFor(() => expect(seen.map(({ version }) => version)).toEqual(['"3"', '"5"']))
    expect(screen.queryByRole('alert')).not.toBeInTheDocument()
  })
})

describe('the panel', () => {
  it('closes by Escape, but not out of a text being written', async () => {
    show({ task: { description: 'old' } })
    await userEvent.click(await screen.findByRole('button', { name: 'Edit' }))
    await userEvent.type(screen.getByRole('textbox', { name: 'Description' }), '{Escape}')
    expect(onClose).not.toHaveBeenCalled()
    await userEvent.click(screen.getByRole('button', { name: 'Discard changes' }))
    await userEvent.keyboard('{Escape}')
    expect(onClose).toHaveBeenCalledOnce()
  })

  it('says when the card is gone', async () => {
    show()
    server.use(http.get(`${ORIGIN}/api${BASE}`, () => refusal(404, 'No such card.')))
    expect(await screen.findByText('This card is not there any more')).toBeInTheDocument()
    await userEvent.click(screen.getByRole('button', { name: 'Back to the board' }))
    expect(onClose).toHaveBeenCalled()
  })
})

describe('changes', () => {
  it('shows each file with its counts and the way to it', async () => {
    server.use(
      gives(`${BASE}/diff`, {
        session_id: 'session-1',
        live: false,
        files: [
          {
            file: 'src/a b.py',
            status: 'modified',
            additions: 1,
            deletions: 1,
            patch: '@@ -1 +1 @@\n-one\n+two',
          },
        ],
      }),
    )
    show({ ...running, at: '?tab=changes' })
    expect(await screen.findByText('two')).toBeInTheDocument()
    expect(screen.getByRole('link', { name: 'Open src/a b.py' })).toHaveAttribute(
      'href',
      '/p/website/files?path=src/a%20b.py&run=session-1',
    )
    await userEvent.click(screen.getByRole('button', { name: 'Collapse all' }))
    expect(screen.queryByText('two')).not.toBeInTheDocument()
  })
})
