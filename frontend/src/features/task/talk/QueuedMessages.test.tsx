import { screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { describe, expect, it } from 'vitest'
import type { Task } from '@/api/types'
import { renderAt } from '@/testing/render'
import { ORIGIN, refusal, server } from '@/testing/server'
import { CardProvider } from '../context'
import { anInteraction, aSession } from '../testing/builders'
import { QueuedMessages } from './QueuedMessages'

const BASE = `${ORIGIN}/api/projects/project/tasks/task/interactions`
const message = anInteraction({
  id: 'said',
  kind: 'feedback',
  state: 'queued',
  user_prompt: 'Use green',
  request: {},
})

function show(status: Task['status'] = 'in_progress', messages = [message]) {
  return renderAt(
    <CardProvider value={{ projectId: 'project', taskId: 'task' }}>
      <QueuedMessages status={status} messages={messages} />
    </CardProvider>,
  )
}

describe('messages that wait', () => {
  it('are shown with when they are sent', () => {
    show()
    expect(screen.getByRole('region', { name: 'Queued messages' })).toHaveTextContent('Use green')
    expect(screen.getByText(/when the agent has finished/)).toBeInTheDocument()
    expect(screen.queryByRole('button', { name: /Send now/ })).not.toBeInTheDocument()
  })

  it('take no room when there are none', () => {
    show('in_progress', [])
    expect(screen.queryByRole('region', { name: 'Queued messages' })).not.toBeInTheDocument()
  })

  it('are changed', async () => {
    const bodies: unknown[] = []
    server.use(
      http.patch(`${BASE}/said`, async ({ request }) => {
        bodies.push(await request.json())
        return HttpResponse.json(message as never)
      }),
    )
    show()
    await userEvent.click(screen.getByRole('button', { name: /Edit/ }))
    const box = screen.getByLabelText('Queued message')
    await userEvent.clear(box)
    await userEvent.type(box, 'Use blue')
    await userEvent.click(screen.getByRole('button', { name: 'Save' }))
    await waitFor(() => expect(bodies).toEqual([{ message: 'Use blue' }]))
    await waitFor(() => expect(screen.queryByLabelText('Queued message')).not.toBeInTheDocument())
  })

  it('keep the text in the editor when a change is refused', async () => {
    server.use(http.patch(`${BASE}/said`, () => refusal(409, 'The agent has it.')))
    show()
    await userEvent.click(screen.getByRole('button', { name: /Edit/ }))
    await userEvent.type(screen.getByLabelText('Queued message'), ' or teal')
    await userEvent.click(screen.getByRole('button', { name: 'Save' }))
    expect(await screen.findByText('The agent has it.')).toBeInTheDocument()
    expect(screen.getByLabelText('Queued message')).toHaveValue('Use green or teal')
  })

  it('lose what was changed only after a yes, and not with the panel', async () => {
    const first = show()
    await userEvent.click(screen.getByRole('button', { name: /Edit/ }))
    await userEvent.type(screen.getByLabelText('Queued message'), ' or teal{Escape}')
    await userEvent.click(await screen.findByRole('button', { name: 'Cancel' }))
    first.unmount()
    show()
    expect(screen.getByLabelText('Queued message')).toHaveValue('Use green or teal')
    await userEvent.type(screen.getByLabelText('Queued message'), '{Escape}')
    await userEvent.click(await screen.findByRole('button', { name: 'Discard' }))
    expect(await screen.findByText('Use green')).toBeInTheDocument()
  })

  it('are taken back', async () => {
    let gone = false
    server.use(
      http.delete(`${BASE}/said`, () => {
        gone = true
        return new HttpResponse(null, { status: 204 })
      }),
    )
    show()
    await userEvent.click(screen.getByRole('button', { name: /Take/ }))
    await waitFor(() => expect(gone).toBe(true))
  })

  it('are sent by hand after a run that failed', async () => {
    let sent = false
    server.use(
      http.post(`${BASE}/send`, () => {
        sent = true
        return HttpResponse.json(aSession() as never, { status: 202 })
      }),
    )
    show('human_review')
    await userEvent.click(screen.getByRole('button', { name: /Send now/ }))
    await waitFor(() => expect(sent).toBe(true))
  })
})
