import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Entry, WriteFile } from '@/api/types'
import { aProject } from '@/testing/builders'
import { renderAt } from '@/testing/render'
import { ORIGIN, refusal, server } from '@/testing/server'
import type { CompareProps, EditorProps, Editors } from './editor'
import FilesPage from './FilesPage'

/** A plain editor with the manners of the real one: its text is its own until the revision grows. */
const PLAIN: Editors = {
  Editor: ({ path, text, revision, onChange, onSave, line }: EditorProps) => (
    <textarea
      key={`${path}:${revision}`}
      aria-label="File content"
      data-line={line}
      defaultValue={text}
      onChange={(event) => onChange(event.target.value)}
      onKeyDown={(event) => {
        if (event.ctrlKey && event.key === 's') onSave()
      }}
    />
  ),
  Compare: ({ theirs, mine }: CompareProps) => (
    <p>
      {theirs} against {mine}
    </p>
  ),
}

interface File {
  text: string
  etag: string
}

/** A workspace that checks tags as the real one does. */
class Workspace {
  readonly writes: WriteFile[] = []
  readonly deleted: string[] = []

  constructor(readonly files: Record<string, File>) {}

  handlers() {
    const base = `${ORIGIN}/api/projects/project/files`
    const query = (request: Request) => new URL(request.url).searchParams.get('path') ?? ''
    return [
      http.get(`${base}/tree`, ({ request }) => HttpResponse.json(this.tree(query(request)) as never)),
      http.get(`${base}/content`, ({ request }) => {
        const file = this.files[query(request)]
        if (!file) return refusal(404, 'There is no such file.')
        const binary = file.text.includes('\0')
        return new HttpResponse(file.text, {
          headers: {
            etag: file.etag,
            'x-opm-binary': String(binary),
            'content-length': String(file.text.length),
          },
        })
      }),
      http.post(`${base}/write`, async ({ request }) => this.write((await request.json()) as WriteFile)),
      http.delete(base, ({ request }) => {
        this.deleted.push(query(request))
        delete this.files[query(request)]
        return new HttpResponse(null, { status: 204 })
      }),
    ]
  }

  private tree(directory: string) {
    const prefix = directory ? `${directory}/` : ''
    const entries = new Map<string, Partial<Entry>>()
    for (const path of Object.keys(this.files).filter((name) => name.startsWith(prefix))) {
      const name = path.slice(prefix.length).split('/')[0] ?? ''
      const type = path === prefix + name ? 'file' : 'directory'
      entries.set(name, { name, path: prefix + name, type, size: 1 })
    }
    return { path: directory, entries: [...entries.values()], truncated: false }
  }

  private write(wish: WriteFile) {
    this.writes.push(wish)
    const found = this.files[wish.path]
    if (wish.base_etag && !found) return refusal(409, 'Deleted.', { reason: 'deleted', etag: null })
    if (wish.base_etag && found && found.etag !== wish.base_etag) {
      return refusal(409, 'Changed.', { reason: 'changed', etag: found.etag })
    }
    const etag = `"w${this.writes.length}"`
    this.files[wish.path] = { text: wish.content, etag }
    return HttpResponse.json({
      path: wish.path,
      etag,
      size: 1,
      modified: '2026-01-01T00:00:00Z',
      created: !found,
    })
  }
}

let workspace: Workspace
const project = aProject({ id: 'project', slug: 'website' })

function show(path = '', hash = '') {
  server.use(...workspace.handlers())
  return renderAt(<FilesPage project={project} editors={PLAIN} />, {
    at: `/p/website/files${path && `/${path}`}${hash}`,
    path: '/p/:project/files/*',
  })
}

const editor = () => screen.findByLabelText<HTMLTextAreaElement>('File content')

beforeEach(() => {
  workspace = new Workspace({
    'README.md': { text: '# Hello', etag: '"1"' },
    'src/app.py': { text: 'print(1)', etag: '"2"' },
  })
  // jsdom lays nothing out, and a virtual list shows only what has room.
  vi.spyOn(Element.prototype, 'clientHeight', 'get').mockReturnValue(600)
  vi.spyOn(Element.prototype, 'clientWidth', 'get').mockReturnValue(300)
})

describe('the tree', () => {
  it('opens directories and files, and the address follows', async () => {
    const page = show()
    await userEvent.click(await screen.findByRole('treeitem', { name: /src/ }))
    await userEvent.click(await screen.findByRole('treeitem', { name: /app\.py/ }))
    expect(await editor()).toHaveValue('print(1)')
    expect(page.location()).toBe('/p/website/files/src/app.py')
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

  it('makes a file where it was asked to, and opens it', async () => {
    const page = show()
    await userEvent.click(await screen.findByRole('button', { name: 'Actions for src' }))
    await userEvent.click(await screen.findByRole('menuitem', { name: 'New file…' }))
    await userEvent.type(await screen.findByLabelText('Name'), 'new.py{Enter}')
    await waitFor(() => expect(page.location()).toBe('/p/website/files/src/new.py'))
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
    show('src/app.py', '#L12')
    expect(await editor()).toHaveAttribute('data-line', '12')
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
    ['a large file', 'x'.repeat((1 << 20) + 1), 'Too large to edit here'],
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
