import { act, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse } from 'msw'
import { beforeEach, expect, it } from 'vitest'
import { announceSignedOut } from '@/api/auth'
import { learnFrom } from '@/api/csrf'
import { MOST_KEPT } from './model/kept'
import { editor, giveRoom, show, Workspace } from './testing/workspace'

let workspace: Workspace

beforeEach(() => {
  giveRoom()
  sessionStorage.clear()
  workspace = new Workspace({
    'a.md': { text: 'old', etag: '"1"' },
    'b.md': { text: 'b', etag: '"2"' },
    'long.md': { text: 'x'.repeat(MOST_KEPT), etag: '"3"' },
  })
  return announceSignedOut
})

const signIn = (id: string) => learnFrom('/api/auth/me', HttpResponse.json({ user: { id } }))

/** What is unsaved when a sign-in ends. */
async function leave(place: string, typed: string) {
  const page = show(workspace, place)
  await userEvent.type(await editor(), typed)
  act(announceSignedOut)
  page.unmount()
}

it('unsaved text is back when the same person is, and is saved against what it was based on', async () => {
  await signIn('ada')
  await leave('?path=a.md', ' mine')
  await signIn('ada')
  const page = show(workspace, '?path=a.md')
  expect(await editor()).toHaveValue('old mine')
  expect(await screen.findByText('Your unsaved changes are back')).toBeInTheDocument()
  await userEvent.click(screen.getByRole('button', { name: 'Save' }))
  await waitFor(() => expect(workspace.writes).toEqual([expect.objectContaining({ base_etag: '"1"' })]))
  page.unmount()
  show(workspace, '?path=b.md')
  expect(await editor()).toHaveValue('b')
  expect(screen.queryByText('Unsaved')).not.toBeInTheDocument()
})

it('what changed on disk meanwhile waits beside it', async () => {
  await signIn('ada')
  await leave('?path=a.md', ' mine')
  await signIn('ada')
  workspace.files['a.md'] = { text: 'new', etag: '"9"' }
  show(workspace, '?path=a.md')
  expect(await screen.findByText(/Changed on disk/)).toBeInTheDocument()
  expect(await editor()).toHaveValue('old mine')
})

it('nobody else is shown it', async () => {
  await signIn('ada')
  await leave('?path=a.md', ' mine')
  await signIn('bob')
  show(workspace, '?path=a.md')
  expect(await editor()).toHaveValue('old')
})

it('says what was too long to be kept', async () => {
  await signIn('ada')
  await leave('?path=long.md', '!')
  await signIn('ada')
  show(workspace, '?path=long.md')
  expect(await screen.findByText(/too long to be kept/)).toBeInTheDocument()
  expect(screen.getAllByText('long.md').length).toBeGreaterThan(1)
})
