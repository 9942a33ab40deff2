import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { expect, it } from 'vitest'
import type { Pod, PodPart } from '@/api/types'
import { aProject } from '@/testing/builders'
import { renderAt } from '@/testing/render'
import { gives, ORIGIN, refusal, server } from '@/testing/server'
import { PodPanel } from './PodPanel'

const project = aProject({ id: 'project' })

function aPart(over: Partial<PodPart> = {}): PodPart {
  return {
    part: 'opencode',
    ready: true,
    restarts: 0,
    memory_bytes: null,
    reason: null,
    state: 'ready',
    advice: null,
    ...over,
  }
}

function show(pod: Partial<Pod>, shown = project) {
  server.use(
    gives('/projects/project/pod', {
      phase: 'running',
      reason: null,
      advice: null,
      parts: [],
      events: [],
      ...pod,
    }),
  )
  return renderAt(<PodPanel project={shown} />)
}

function orders(answer: () => Response = () => HttpResponse.json(project as never, { status: 202 })) {
  const heard: string[] = []
  server.use(
    http.post(`${ORIGIN}/api/projects/project/:order`, ({ params }) => {
      heard.push(String(params.order))
      return answer()
    }),
  )
  return heard
}

async function rows() {
  const list = await screen.findByRole('list', { name: 'Parts of the workspace' })
  return within(list).getAllByRole('listitem')
}

it('tells the state of each part, its restarts and its memory', async () => {
  show({
    phase: 'failed',
    parts: [
      aPart({ restarts: 1, memory_bytes: 2 ** 20 }),
      aPart({ part: 'files', ready: false, state: 'starting', reason: 'The files sidecar is starting' }),
      aPart({ part: 'session', ready: false, state: 'failed', restarts: 4 }),
    ],
  })
  const [agent, files, session] = await rows()
  expect(agent).toHaveTextContent('Agent (OpenCode)Ready1 restart · 1.0 MB')
  expect(files).toHaveTextContent('FilesStartingThe files sidecar is starting')
  expect(session).toHaveTextContent('Session proxyFailed4 restarts')
})

it('tells the last failure of each part, and what to do about the part and the whole', async () => {
  show({
    phase: 'failed',
    reason: 'The demo model ended with exit code 3',
    advice: 'It is tried again by itself.',
    parts: [
      aPart({ restarts: 3, reason: 'OpenCode ended with signal 9', advice: 'It was restarted often.' }),
      aPart({
        part: 'model',
        ready: false,
        state: 'failed',
        reason: 'The demo model ended with exit code 3; restarting in 8 s',
        advice: 'Look at its log, or choose a real provider.',
      }),
    ],
  })
  const [agent, model] = await rows()
  expect(agent).toHaveTextContent('Last failure: OpenCode ended with signal 9')
  expect(agent).toHaveTextContent('It was restarted often.')
  expect(model).toHaveTextContent('The demo model ended with exit code 3; restarting in 8 s')
  expect(model).not.toHaveTextContent('Last failure')
  expect(model).toHaveTextContent('Look at its log, or choose a real provider.')
  expect(screen.getByText('It is tried again by itself.')).toBeInTheDocument()
})

it('stops', async () => {
  const heard = orders()
  show({})
  await userEvent.click(await screen.findByRole('button', { name: 'Stop' }))
  await waitFor(() => expect(heard).toEqual(['stop']))
})

it('starts one that failed, saying why it did', async () => {
  const heard = orders()
  show({ phase: 'failed', reason: 'OpenCode is missing.' })
  expect(await screen.findByText('OpenCode is missing.')).toBeInTheDocument()
  await userEvent.click(screen.getByRole('button', { name: 'Start' }))
  await waitFor(() => expect(heard).toEqual(['start']))
})

it('does not offer to stop under a run, and says what comes first', async () => {
  show({}, aProject({ id: 'project', running_count: 1 }))
  expect(await screen.findByText(/cancel its run first/)).toBeInTheDocument()
  expect(screen.getByRole('button', { name: 'Stop' })).toBeDisabled()
})

it('says why an order was refused', async () => {
  orders(() => refusal(409, 'A repository is being cloned in this pod.') as Response)
  show({})
  await userEvent.click(await screen.findByRole('button', { name: 'Stop' }))
  expect(await screen.findByText('A repository is being cloned in this pod.')).toBeInTheDocument()
})

it('tries again when the workspace could not be seen', async () => {
  let failed = false
  show({})
  server.use(
    http.get(`${ORIGIN}/api/projects/project/pod`, () => {
      if (failed) return undefined
      failed = true
      return refusal(500, 'The runtime is silent.')
    }),
  )
  expect(await screen.findByText('The runtime is silent.')).toBeInTheDocument()
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }))
  expect(await screen.findByText('Running')).toBeInTheDocument()
})

it('shows what the cluster told of the pod, and how often', async () => {
  const events = [
    {
      at: '2026-01-01T12:00:00Z',
      reason: 'BackOff',
      message: 'Back-off pulling image',
      times: 3,
      warning: true,
    },
    { at: null, reason: 'Scheduled', message: 'Assigned to node-1', times: 1, warning: false },
  ]
  show({ phase: 'failed', events })
  await userEvent.click(await screen.findByText('Events of the cluster (2)'))
  const items = within(screen.getByRole('list', { name: 'Events of the cluster' })).getAllByRole('listitem')
  expect(items[0]).toHaveTextContent(/BackOff.*3 times.*Back-off pulling image/)
  expect(items[1]).toHaveTextContent('Assigned to node-1')
  expect(items[1]).not.toHaveTextContent('times')
})

it('says what the agent can reach where no wall is around it', async () => {
  show({ name: null })
  expect(await screen.findByText(/runs as your own user/)).toBeVisible()
})

it('says nothing of this machine where the pod is one of a cluster', async () => {
  show({ name: 'opm-project', advice: 'Look at its log.' })
  expect(await screen.findByText('Look at its log.')).toBeVisible()
  expect(screen.queryByText(/runs as your own user/)).not.toBeInTheDocument()
})
