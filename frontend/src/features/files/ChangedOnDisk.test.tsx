import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, describe, expect, it } from 'vitest'
import { announce, editor, giveRoom, show, Workspace } from './testing/workspace'

let workspace: Workspace

beforeEach(() => {
  giveRoom()
  sessionStorage.clear()
  workspace = new Workspace({ 'docs/a.md': { text: 'old', etag: '"1"' } })
})

/** The agent writes or deletes the file, and the server says where something changed. */
function agent(text: string | null, path = 'docs/a.md') {
  if (text === null) delete workspace.files['docs/a.md']
  else workspace.files['docs/a.md'] = { text, etag: `"agent ${text}"` }
  announce(path, text === null ? 'delete' : 'modify')
}

const bar = () => screen.findByText(/Changed on disk/)
const press = (name: string) => userEvent.click(screen.getByRole('button', { name }))

async function opened(typed = '') {
  show(workspace, '?path=docs/a.md')
  const box = await editor()
  if (typed) await userEvent.type(box, typed)
}

describe('a file that changes on disk', () => {
  it.each([['docs/a.md'], ['docs'], ['']])('is read again by itself, announced as %j', async (path) => {
    await opened()
    agent('new', path)
    await waitFor(async () => expect(await editor()).toHaveValue('new'))
    expect(screen.queryByText(/Changed on disk/)).not.toBeInTheDocument()
    expect(screen.getByRole('button', { name: 'Save' })).toBeDisabled()
  })

  it('is not read for another file', async () => {
    await opened()
    agent('new', 'docs/a.md.bak')
    await new Promise((done) => setTimeout(done, 200))
    expect(await editor()).toHaveValue('old')
  })

  it('waits beside unsaved text, until it is reloaded', async () => {
    await opened(' mine')
    agent('new')
    await bar()
    expect(await editor()).toHaveValue('old mine')
    await press('Reload')
    await waitFor(async () => expect(await editor()).toHaveValue('new'))
    expect(screen.queryByText(/Changed on disk/)).not.toBeInTheDocument()
    expect(screen.queryByText('Unsaved')).not.toBeInTheDocument()
  })

  it('is overwritten by the next save when mine is kept', async () => {
    await opened(' mine')
    agent('new')
    await bar()
    await press('Keep mine')
    expect(screen.queryByText(/Changed on disk/)).not.toBeInTheDocument()
    expect(await editor()).toHaveValue('old mine')
    await press('Save')
    await waitFor(() => expect(workspace.files['docs/a.md']?.text).toBe('old mine'))
    expect(workspace.writes).toEqual([{ path: 'docs/a.md', content: 'old mine', base_etag: '"agent new"' }])
  })

  it('is shown beside mine', async () => {
    await opened(' mine')
    agent('new')
    await bar()
    await press('Compare')
    const dialog = await screen.findByRole('dialog', { name: 'The file was changed meanwhile' })
    expect(within(dialog).getByText('new against old mine')).toBeInTheDocument()
    await userEvent.click(within(dialog).getByRole('button', { name: 'Cancel' }))
    expect(await bar()).toBeInTheDocument()
  })

  it('is no matter when it says the same as mine', async () => {
    await opened('!')
    agent('old!')
    await waitFor(() => expect(screen.queryByText('Unsaved')).not.toBeInTheDocument())
    expect(screen.queryByText(/Changed on disk/)).not.toBeInTheDocument()
  })

  it('is noticed also when another file was in front', async () => {
    workspace.files['b.md'] = { text: 'b', etag: '"b"' }
    await opened(' mine')
    await userEvent.click(screen.getByRole('treeitem', { name: /b\.md/ }))
    await waitFor(async () => expect(await editor()).toHaveValue('b'))
    agent('new')
    await userEvent.click(screen.getByRole('tab', { name: /a\.md/ }))
    await bar()
    expect(await editor()).toHaveValue('old mine')
  })
})

describe('a file that is deleted on disk', () => {
  it.each([[''], [' mine']])(
    'stays in the editor, and is written again by saving (typed: %j)',
    async (typed) => {
      await opened(typed)
      agent(null)
      await screen.findByText(/Deleted on disk/)
      expect(await editor()).toHaveValue(`old${typed}`)
      await press('Write it again')
      await waitFor(() => expect(workspace.files['docs/a.md']?.text).toBe(`old${typed}`))
      await waitFor(() => expect(screen.queryByText(/Deleted on disk/)).not.toBeInTheDocument())
      expect(workspace.writes[0]?.base_etag).toBeNull()
    },
  )

  it('is not lost by closing it in haste', async () => {
    await opened()
    agent(null)
    await screen.findByText(/Deleted on disk/)
    await press('Close')
    await userEvent.click(await screen.findByRole('button', { name: 'Close without saving' }))
    expect(await screen.findByText('No file open')).toBeInTheDocument()
  })

  it('comes back when the agent writes it anew', async () => {
    await opened()
    agent(null)
    await screen.findByText(/Deleted on disk/)
    agent('again')
    await waitFor(async () => expect(await editor()).toHaveValue('again'))
    expect(screen.queryByText(/Deleted on disk/)).not.toBeInTheDocument()
  })
})
