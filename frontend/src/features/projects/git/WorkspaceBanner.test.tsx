import { act, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { expect, test } from 'vitest'
import { cloning } from '@/realtime/cloning'
import { aProject } from '@/testing/builders'
import { renderAt } from '@/testing/render'
import { ORIGIN, refusal, server } from '@/testing/server'
import { WorkspaceBanner } from './WorkspaceBanner'

const user = userEvent.setup()
const base = { id: 'p', git_url: 'https://git.example/tea', git_ref: 'main', source: 'git' } as const

function hear(phase: 'receiving' | 'resolving' | undefined, percent?: number) {
  const event = { projectId: 'p', timestamp: '2026-01-01T12:00:00Z', type: 'workspace_changed' } as const
  act(() => cloning.note({ ...event, state: 'cloning', phase, percent }))
}

test('nothing is said of a workspace that is ready', () => {
  const { container } = renderAt(<WorkspaceBanner project={aProject(base)} />)
  expect(container.querySelector('section[aria-label="Clone"]')).toBeNull()
})

test('a clone shows how far it is', () => {
  renderAt(<WorkspaceBanner project={aProject({ ...base, workspace_state: 'cloning' })} />)
  const bar = screen.getByRole('progressbar', { name: 'Clone of https://git.example/tea' })
  expect(bar).not.toHaveAttribute('aria-valuenow')
  hear('receiving', 45)
  expect(screen.getByText('Receiving 45 %')).toBeInTheDocument()
  expect(bar).toHaveAttribute('aria-valuenow', '45')
  hear(undefined)
  expect(screen.getByText('Asking the server')).toBeInTheDocument()
})

test('a clone that waits says for what', () => {
  const waiting = { ...base, workspace_state: 'waiting', pod_status: 'absent' } as const
  const { unmount } = renderAt(<WorkspaceBanner project={aProject(waiting)} />)
  expect(screen.getByText('The workspace is starting')).toBeInTheDocument()
  unmount()
  const reason = 'This project has no model yet.'
  renderAt(<WorkspaceBanner project={aProject({ ...waiting, workspace_reason: reason })} />)
  expect(screen.getByText(reason)).toBeInTheDocument()
})

test('a clone that failed says why, and is tried again with another token', async () => {
  const sent: unknown[] = []
  let refuse = true
  server.use(
    http.post(`${ORIGIN}/api/projects/p/workspace/retry`, async ({ request }) => {
      sent.push(await request.json())
      if (refuse) {
        refuse = false
        return refusal(400, 'body.ref: no', { fields: [{ field: 'body.ref', reason: 'Not a branch.' }] })
      }
      return HttpResponse.json(aProject(base), { status: 202 })
    }),
  )
  const failed = { workspace_state: 'failed', workspace_reason: 'It wants a sign-in.' } as const
  renderAt(<WorkspaceBanner project={aProject({ ...base, ...failed, git_credential_set: true })} />)
  expect(screen.getByRole('alert')).toHaveTextContent('could not be cloned. It wants a sign-in.')
  await user.click(screen.getByRole('button', { name: 'Try again…' }))
  expect(screen.getByLabelText('Address of the repository')).toHaveValue('https://git.example/tea')
  expect(screen.getByLabelText('Token')).toHaveAccessibleDescription('Empty keeps the one given before.')
  await user.type(screen.getByLabelText('Token'), 'ghp_2')
  await user.click(screen.getByRole('button', { name: 'Clone again' }))
  await waitFor(() =>
    expect(screen.getByLabelText('Branch or tag')).toHaveAccessibleDescription(/Not a branch/),
  )
  await user.clear(screen.getByLabelText('Branch or tag'))
  await user.click(screen.getByRole('button', { name: 'Clone again' }))
  await waitFor(() => expect(screen.queryByRole('dialog')).not.toBeInTheDocument())
  const same = { url: 'https://git.example/tea', depth: null, username: '', token: 'ghp_2' }
  expect(sent).toEqual([
    { ...same, ref: 'main' },
    { ...same, ref: null },
  ])
})

test('a token that was wrong can be forgotten', async () => {
  const sent: unknown[] = []
  server.use(
    http.post(`${ORIGIN}/api/projects/p/workspace/retry`, async ({ request }) => {
      sent.push(await request.json())
      return HttpResponse.json(aProject(base), { status: 202 })
    }),
  )
  const failed = { workspace_state: 'failed', workspace_reason: 'It wants another sign-in.' } as const
  renderAt(<WorkspaceBanner project={aProject({ ...base, ...failed, git_credential_set: true })} />)
  await user.click(screen.getByRole('button', { name: 'Try again…' }))
  await user.type(screen.getByLabelText('Token'), 'ghp_2')
  await user.click(screen.getByRole('checkbox', { name: /^Forget them/ }))
  expect(screen.getByLabelText('Token')).toBeDisabled()
  await user.click(screen.getByRole('button', { name: 'Clone again' }))
  await waitFor(() =>
    expect(sent).toEqual([
      { url: 'https://git.example/tea', ref: 'main', depth: null, username: '', token: null },
    ]),
  )
})
