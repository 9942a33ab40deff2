import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { http } from 'msw'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { gives, ORIGIN, refusal, server } from '@/testing/server'
import { editor, giveRoom, show as open, Workspace } from './testing/workspace'

let workspace: Workspace

const show = (path = '', line = '') => open(workspace, path && `?path=${path}${line}`)

beforeEach(() => {
  giveRoom()
  sessionStorage.clear()
  workspace = new Workspace({
    'README.md': { text: '# Hello', etag: '"1"' },
    'src/app.py': { text: 'print(1)', etag: '"2"' },
  })
})

describe('the tree', () => {
  it('opens directories and files, and the address follows', async () => {
    const page = show()
    await userEvent.click(await screen.findByRole('treeitem', { name: /src/ }))
    await userEvent.click(await screen.findByRole('treeitem', { name: /app\.py/ }))
    expect(await editor()).toHaveValue('print(1)')
    expect(page.location()).toBe('/p/website/files?path=src/app.py')
  })

  it('is walked and opened by keyboard', async () => {
    show()
    const first = await screen.findByRole('treeitem', { name: /src/ })
    first.focus()
    await userEvent.keyboard('{ArrowRight}')
    const inner = await screen.findByRole('treeitem', { name: /app\.py/ })
    await userEvent.keyboard('{ArrowDown}')
    await waitFor(() => expect(inner).toHaveFocus())
    await userEvent.keyboard('r')
    await waitFor(() => expect(screen.getByRole('treeitem', { name: /README/ })).toHaveFocus())
    await userEvent.keyboard('{Enter}')
    expect(await editor()).toHaveValue('# Hello')
  })

  it('is taken along as a whole', async () => {
    const saved: (string | null)[] = []
    vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (this: HTMLAnchorElement) {
      saved.push(this.getAttribute('href'), this.download)
    })
    server.use(gives('/auth/me', {}))
    show()
    await userEvent.click(await screen.findByRole('button', { name: 'Download the workspace' }))
    const expected = ['/api/projects/project/files/archive?path=', 'workspace.zip']
    await waitFor(() => expect(saved).toEqual(expected))
  })

  it('reads on in a directory that is too large, and keeps what it read when something changes', async () => {
    workspace.most = 2
    for (const number of [1, 2, 3, 4])
      workspace.files[`src/part${number}.py`] = { text: 'x', etag: `"p${number}"` }
    show()
    await userEvent.click(await screen.findByRole('treeitem', { name: /src/ }))
    const more = await screen.findByRole('treeitem', { name: 'Show more…' })
    expect(screen.queryByRole('treeitem', { name: /part2/ })).not.toBeInTheDocument()
    await userEvent.click(more)
    expect(await screen.findByRole('treeitem', { name: /part3/ })).toBeInTheDocument()
    screen.getByRole('treeitem', { name: 'Show more…' }).focus()
    await userEvent.keyboard('{Enter}')
    expect(await screen.findByRole('treeitem', { name: /part4/ })).toBeInTheDocument()
    await waitFor(() => expect(screen.queryByText('Show more…')).not.toBeInTheDocument())
    workspace.files['src/part5.py'] = { text: 'x', etag: '"p5"' }
    await userEvent.click(screen.getByRole('button', { name: 'Refresh' }))
    expect(await screen.findByRole('treeitem', { name: /part5/ })).toBeInTheDocument()
    expect(screen.getByRole('treeitem', { name: /app\.py/ })).toBeInTheDocument()
  })

  it('makes a file where it was asked to, and opens it', async () => {
    const page = show()
    await userEvent.click(await screen.findByRole('button', { name: 'Actions for src' }))
    await userEvent.click(await screen.findByRole('menuitem', { name: 'New file…' }))
    await userEvent.type(await screen.findByLabelText('Name'), 'new.py{Enter}')
    await waitFor(() => expect(page.location()).toBe('/p/website/files?path=src/new.py'))
    expect(workspace.writes).toEqual([{ path: 'src/new.py', content: '' }])
  })

  it('deletes only when that is confirmed', async () => {
    show()
    await userEvent.click(await screen.findByRole('button', { name: 'Actions for README.md' }))
    await userEvent.click(await screen.findByRole('menuitem', { name: 'Delete…' }))
    const question = await screen.findByRole('alertdialog', { name: 'Delete README.md?' })
    await userEvent.click(within(question).getByRole('button', { name: 'Delete file' }))
    await waitFor(() => expect(workspace.deleted).toEqual(['README.md']))
    await waitFor(() => expect(screen.queryByRole('treeitem', { name: /README/ })).not.toBeInTheDocument())
  })

  it('offers a first file in an empty workspace', async () => {
    workspace = new Workspace({})
    show()
    expect(await screen.findByText('The workspace is empty')).toBeInTheDocument()
    expect(screen.getAllByRole('button', { name: 'New file' }).length).toBeGreaterThan(0)
  })
})

describe('a workspace that starts', () => {
  it('says so and opens by itself', async () => {
    show()
    let asked = 0
    server.use(
      http.get(`${ORIGIN}/api/projects/project/files/tree`, () => {
        asked += 1
        return asked < 2 ? refusal(503, 'Starting.', { reason: 'pod_starting' }) : undefined
      }),
    )
    expect(await screen.findByText('Starting the workspace…')).toBeInTheDocument()
    expect(await screen.findByRole('treeitem', { name: /README/ }, { timeout: 4000 })).toBeInTheDocument()
  })

  it('says why it does not start', async () => {
    show()
    server.use(
      http.get(`${ORIGIN}/api/projects/project/files/tree`, () =>
        refusal(500, 'The pod does not start: no space left.', { reason: 'pod_failed' }),
      ),
    )
    expect(await screen.findByText(/no space left/)).toBeInTheDocument()
  })
})

describe('editing', () => {
  it('saves with the version that was read, and then with the new one', async () => {
    show('README.md')
    const box = await editor()
    expect(screen.getByRole('button', { name: 'Save' })).toBeDisabled()
    await userEvent.type(box, '!')
    expect(screen.getByText('Unsaved')).toBeInTheDocument()
    await userEvent.type(box, '{Control>}s{/Control}')
    await waitFor(() => expect(screen.queryByText('Unsaved')).not.toBeInTheDocument())
    await userEvent.type(box, '?')
    await userEvent.click(screen.getByRole('button', { name: 'Save' }))
    await waitFor(() => expect(workspace.writes).toHaveLength(2))
    expect(workspace.writes.map(({ content, base_etag }) => [content, base_etag])).toEqual([
      ['# Hello!', '"1"'],
      ['# Hello!?', '"w1"'],
    ])
  })

  it('keeps unsaved text while another file is looked at', async () => {
    show('README.md')
    await userEvent.type(await editor(), ' mine')
    await userEvent.click(screen.getByRole('treeitem', { name: /src/ }))
    await userEvent.click(await screen.findByRole('treeitem', { name: /app\.py/ }))
    await waitFor(async () => expect(await editor()).toHaveValue('print(1)'))
    await userEvent.click(screen.getByRole('treeitem', { name: /README/ }))
    await waitFor(async () => expect(await editor()).toHaveValue('# Hello mine'))
  })

  it('goes to the line of the address', async () => {
    show('src/app.py', '&line=12')
    expect(await editor()).toHaveAttribute('data-line', '12')
  })

  it('follows an address as it was written before', async () => {
    const page = open(workspace, '/src/app.py#L3')
    expect(await editor()).toHaveAttribute('data-line', '3')
    expect(page.location()).toBe('/p/website/files?path=src/app.py&line=3')
  })
})

describe('a file changed under the editor', () => {
  async function clash() {
    show('README.md')
    await userEvent.type(await editor(), ' mine')
    workspace.files['README.md'] = { text: '# Theirs', etag: '"9"' }
    await userEvent.click(screen.getByRole('button', { name: 'Save' }))
    return screen.findByRole('dialog', { name: 'The file was changed meanwhile' })
  }

  it('is shown beside ours, and overwritten only when chosen', async () => {
    const dialog = await clash()
    expect(within(dialog).getByText('# Theirs against # Hello mine')).toBeInTheDocument()
    expect(workspace.files['README.md']?.text).toBe('# Theirs')
    await userEvent.click(within(dialog).getByRole('button', { name: 'Keep mine (overwrite)' }))
    await waitFor(() => expect(workspace.files['README.md']?.text).toBe('# Hello mine'))
    expect(workspace.writes.at(-1)?.base_etag).toBe('"9"')
    await waitFor(() => expect(screen.queryByText('Unsaved')).not.toBeInTheDocument())
  })

  it('is taken over when that is chosen', async () => {
    await userEvent.click(within(await clash()).getByRole('button', { name: 'Take theirs' }))
    await waitFor(async () => expect(await editor()).toHaveValue('# Theirs'))
    expect(workspace.writes).toHaveLength(1)
  })

  it('is not what every refusal tells of', async () => {
    show('README.md')
    await userEvent.type(await editor(), '!')
    server.use(
      http.post(`${ORIGIN}/api/projects/project/files/write`, () =>
        refusal(409, 'The path is a socket, not a regular file.', { reason: 'special' }),
      ),
    )
    await userEvent.click(screen.getByRole('button', { name: 'Save' }))
    expect(await screen.findByText('The path is a socket, not a regular file.')).toBeInTheDocument()
    expect(screen.queryByRole('dialog')).not.toBeInTheDocument()
    expect(await editor()).toHaveValue(`${workspace.files['README.md']?.text}!`)
  })

  it('can be decided later', async () => {
    await userEvent.click(within(await clash()).getByRole('button', { name: 'Cancel' }))
    expect(await editor()).toHaveValue('# Hello mine')
    expect(screen.getByText('Unsaved')).toBeInTheDocument()
  })

  it('may have been deleted, and can be written again', async () => {
    show('README.md')
    await userEvent.type(await editor(), ' mine')
    delete workspace.files['README.md']
    await userEvent.click(screen.getByRole('button', { name: 'Save' }))
    await userEvent.click(await screen.findByRole('button', { name: 'Write mine again' }))
    await waitFor(() => expect(workspace.files['README.md']?.text).toBe('# Hello mine'))
  })

  it('is no conflict when both wrote the same', async () => {
    show('README.md')
    await userEvent.type(await editor(), '!')
    workspace.files['README.md'] = { text: '# Hello!', etag: '"9"' }
    await userEvent.click(screen.getByRole('button', { name: 'Save' }))
    await waitFor(() => expect(screen.queryByText('Unsaved')).not.toBeInTheDocument())
    expect(screen.queryByRole('dialog')).not.toBeInTheDocument()
  })
})

describe('what is not text', () => {
  it.each([
    ['a binary file', 'x\0y', 'Not a text file'],
    ['a large file', 'x'.repeat((2 << 20) + 1), 'Too large to edit here'],
  ])('offers %s as a download', async (_, text, title) => {
    workspace.files.thing = { text, etag: '"1"' }
    show('thing')
    expect(await screen.findByText(title)).toBeInTheDocument()
    const links = screen.getAllByRole('link', { name: /Download/ })
    expect(links[0]).toHaveAttribute('href', '/api/projects/project/files/content?path=thing')
  })

  it('says that a file of an old link is gone', async () => {
    show('gone.md')
    expect(await screen.findByText('There is no such file')).toBeInTheDocument()
  })
})
