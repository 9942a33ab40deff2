import { screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { beforeEach, expect, it, vi } from 'vitest'
import type { Interaction } from '@/api/types'
import { renderAt } from '@/testing/render'
import { gives, givesPages, ORIGIN, page, refusal, server } from '@/testing/server'
import { anInteraction } from '../testing/builders'
import AnswerDialog from './AnswerDialog'

const CARD = { projectId: 'p', taskId: 't', title: 'Paint the door', url: '/p/shop/t/t' }
const BASE = `${ORIGIN}/api/projects/p/tasks/t/interactions`
const PERMISSION = `${ORIGIN}/api/projects/p/tasks/t/permissions/i`

let asks: Interaction[]
const replies: unknown[] = []

beforeEach(() => {
  replies.length = 0
  asks = [
    anInteraction({
      id: 'i',
      kind: 'permission',
      state: 'pending',
      created_at: new Date(Date.now() - 5 * 60_000).toISOString(),
      request: { permission: 'bash', metadata: { command: 'rm -r old' } },
    }),
    anInteraction({ id: 'old', kind: 'question', state: 'answered' }),
  ]
  server.use(
    gives('/attention', page([])),
    http.get(BASE, () => HttpResponse.json(page(asks))),
    http.post(`${PERMISSION}`, async ({ request }) => {
      replies.push(await request.json())
      asks = asks.map((one) => ({ ...one, state: 'answered' }))
      return HttpResponse.json(asks[0])
    }),
  )
})

it('shows what waits and for how long, takes the answer, and closes', async () => {
  const onClose = vi.fn()
  renderAt(<AnswerDialog card={CARD} onClose={onClose} />)
  expect(await screen.findByText('rm -r old')).toBeInTheDocument()
  expect(screen.getByText('5m ago')).toBeInTheDocument()
  expect(screen.queryByText('Answered')).not.toBeInTheDocument()
  expect(screen.getByRole('link', { name: 'Open the card' })).toHaveAttribute('href', '/p/shop/t/t')
  await userEvent.click(screen.getByRole('button', { name: 'Allow once' }))
  await waitFor(() => expect(onClose).toHaveBeenCalled())
  expect(replies).toEqual([{ reply: 'once' }])
})

it('finds what waits behind hundreds of exchanges', async () => {
  const past = Array.from({ length: 200 }, (_, n) => anInteraction({ id: `past-${n}`, state: 'answered' }))
  server.use(givesPages('/projects/p/tasks/t/interactions', [past, asks]))
  renderAt(<AnswerDialog card={CARD} onClose={() => {}} />)
  expect(await screen.findByText('rm -r old')).toBeInTheDocument()
})

it('stays open when the answer is refused', async () => {
  const onClose = vi.fn()
  server.use(http.post(`${PERMISSION}`, () => refusal(409, 'It was answered meanwhile.')))
  renderAt(<AnswerDialog card={CARD} onClose={onClose} />)
  await userEvent.click(await screen.findByRole('button', { name: 'Allow once' }))
  expect(await screen.findByText('It was answered meanwhile.')).toBeInTheDocument()
  expect(onClose).not.toHaveBeenCalled()
})

it('says when somebody else was faster', async () => {
  asks = []
  renderAt(<AnswerDialog card={CARD} onClose={() => {}} />)
  expect(await screen.findByText(/Nothing waits for an answer/)).toBeInTheDocument()
})
