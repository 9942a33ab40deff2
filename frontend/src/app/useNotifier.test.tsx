import { act, screen, waitFor } from '@testing-library/react'
import { beforeEach, expect, it, vi } from 'vitest'
import type { Attention } from '@/api/types'
import { anAttention, aProject } from '@/testing/builders'
import { renderAt } from '@/testing/render'
import { gives, page, server } from '@/testing/server'
import { FakeWebSocket } from '@/testing/socket'
import { useNotifier } from './useNotifier'

let shown: { title: string; body: string; onclick?: () => void }[]
let waiting: Attention[]

function Page() {
  useNotifier()
  return <p>there</p>
}

async function open(wish: object = {}, visible: DocumentVisibilityState = 'hidden') {
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(visible)
  const notifications = { desktop: true, sound: false, done: true, needs_you: true, ...wish }
  server.use(
    gives('/auth/me/preferences', { notifications }),
    gives('/projects', page([aProject({ id: 'p', slug: 'shop', name: 'Shop' })])),
    gives('/attention', page(waiting)),
  )
  const result = renderAt(<Page />, { at: '/', path: '/' })
  await screen.findByText('there')
  await new Promise((done) => setTimeout(done, 100))
  return result
}

function say(event: object) {
  act(() => FakeWebSocket.latest.say({ id: '1', event: { projectId: 'p', taskId: 't', ...event } }))
}
const ended = (status: string, sessionId = 's') => say({ type: 'session_changed', sessionId, status })
function asks(item: Attention) {
  server.use(gives('/attention', page([...waiting, item])))
  say({ type: 'interaction_changed', interactionId: 'i', kind: item.kind, state: 'pending' })
}
const quiet = () => new Promise((done) => setTimeout(done, 1200))

beforeEach(() => {
  shown = []
  waiting = []
  class Shown {
    static permission = 'granted'
    onclick?: () => void
    constructor(
      readonly title: string,
      readonly options: { body: string },
    ) {
      const self = this
      shown.push({
        title,
        body: options.body,
        get onclick() {
          return self.onclick
        },
      })
    }
    close() {}
  }
  vi.stubGlobal('Notification', Shown)
})

it('tells of a run that has ended, and leads to its card', async () => {
  const at = await open()
  ended('running')
  ended('completed')
  await waitFor(() => expect(shown.map(({ body }) => body)).toEqual(['Finished']))
  act(() => shown[0]?.onclick?.())
  expect(at.location()).toContain('/t/t')
})

it('tells of an agent that waits, by the title of the card and without its text', async () => {
  waiting = [anAttention({ kind: 'permission', task_title: 'Old' })]
  await open()
  asks(anAttention({ kind: 'question', task_title: 'Paint', text: 'Which secret colour?' }))
  await waitFor(() => expect(shown).toHaveLength(1))
  expect(shown[0]).toMatchObject({ title: 'Paint', body: 'The agent has a question' })
})

it('tells of several things at once as one, the waiting first', async () => {
  await open()
  ended('completed', 'one')
  ended('failed', 'two')
  await waitFor(() => expect(shown.map(({ body }) => body)).toEqual(['Finished (and 1 more)']))
})

it.each([
  ['the page is looked at', {}, 'visible'],
  ['it is not wanted', { done: false }, 'hidden'],
  ['no way of telling is wanted', { desktop: false }, 'hidden'],
] as const)('is silent when %s', async (_, wish, visible) => {
  await open(wish, visible)
  ended('completed')
  await quiet()
  expect(shown).toEqual([])
})
