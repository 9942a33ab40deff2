import { fireEvent, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { beforeEach, describe, expect, it } from 'vitest'
import { ORIGIN, server } from '@/testing/server'
import { editor, giveRoom, show, Workspace } from './testing/workspace'

let workspace: Workspace

beforeEach(() => {
  giveRoom()
  sessionStorage.clear()
  workspace = new Workspace({
    'README.md': { text: '# Hello', etag: '"1"' },
    'docs/a.md': { text: 'a', etag: '"2"' },
    'src/app.py': { text: 'print(1)', etag: '"3"' },
  })
})

const item = (name: RegExp) => screen.findByRole('treeitem', { name })

/** What a browser hands over; jsdom has none of it. */
function load(files: unknown[] = [], entries: unknown[] = []) {
  return {
    dataTransfer: {
      files,
      items: entries.map((entry) => ({ webkitGetAsEntry: () => entry })),
      types: files.length > 0 ? ['Files'] : ['text/plain'],
      setData: () => {},
      dropEffect: '',
      effectAllowed: '',
    },
  }
}

function drag(from: HTMLElement, to: HTMLElement) {
  const held = load()
  fireEvent.dragStart(from, held)
  fireEvent.dragOver(to, held)
  fireEvent.drop(to, held)
  fireEvent.dragEnd(from, held)
}

describe('dragging', () => {
  it('moves a file into a folder with its open text, and back by undo', async () => {
    const page = show(workspace, '?path=README.md')
    await userEvent.type(await editor(), '!')
    drag(await item(/README/), await item(/^docs/))
    await waitFor(() => expect(page.location()).toBe('/p/website/files?path=docs/README.md'))
    expect(Object.keys(workspace.files)).toContain('docs/README.md')
    expect(await editor()).toHaveValue('# Hello!')
    await userEvent.click(await screen.findByRole('button', { name: 'Undo' }))
    await waitFor(() => expect(page.location()).toBe('/p/website/files?path=README.md'))
    expect(Object.keys(workspace.files)).toContain('README.md')
  })

  it('does not move a folder into itself, nor a file to where it is', async () => {
    show(workspace)
    drag(await item(/^docs/), await item(/^docs/))
    drag(await item(/README/), screen.getByRole('tree'))
    await new Promise((done) => setTimeout(done, 50))
    expect(Object.keys(workspace.files).sort()).toEqual(['README.md', 'docs/a.md', 'src/app.py'])
  })

  /** What arrives, by path. */
  function arrivals(): string[] {
    const sent: string[] = []
    server.use(
      http.put(`${ORIGIN}/api/projects/project/files/content`, ({ request }) => {
        sent.push(new URL(request.url).searchParams.get('path') ?? '')
        return HttpResponse.json({
          path: 'x',
          etag: '"x"',
          size: 1,
          modified: '2026-01-01T00:00:00Z',
          created: true,
        })
      }),
      http.post(`${ORIGIN}/api/projects/project/files/mkdir`, async ({ request }) => {
        sent.push(`${((await request.json()) as { path: string }).path}/`)
        return HttpResponse.json({}, { status: 201 })
      }),
    )
    return sent
  }

  it('uploads files of the desktop to the folder they are dropped on', async () => {
    show(workspace)
    const sent = arrivals()
    const held = load([new File(['x'], 'photo.png')])
    const folder = await item(/^docs/)
    fireEvent.dragOver(folder, held)
    expect(folder.className).toContain('outline-accent')
    fireEvent.drop(folder, held)
    await waitFor(() => expect(sent).toEqual(['docs/photo.png']))
    expect(folder.className).not.toContain('outline-accent')
  })

  it('uploads folders of the desktop with all that is in them', async () => {
    const aFile = (name: string) => ({
      ...{ name, isFile: true, isDirectory: false },
      file: (give: (file: File) => void) => give(new File(['x'], name)),
    })
    const aFolder = (name: string, ...pieces: object[][]) => ({
      ...{ name, isFile: false, isDirectory: true },
      createReader: () => {
        const left = [...pieces]
        return { readEntries: (give: (piece: object[]) => void) => give(left.shift() ?? []) }
      },
    })
    const site = aFolder('site', [aFile('index.html'), aFolder('img', [aFile('a.png')])], [aFolder('tmp')])
    show(workspace)
    const sent = arrivals()
    const folder = await item(/^docs/)
    // a browser lists the folder among the files, too
    fireEvent.drop(folder, load([new File([], 'site'), new File(['x'], 'b.txt')], [site, aFile('b.txt')]))
    await screen.findByText('Uploaded 3 files')
    expect(sent).toEqual(['docs/site/tmp/', 'docs/site/index.html', 'docs/site/img/a.png', 'docs/b.txt'])
  })
})

it('is possible without a mouse, by naming the path', async () => {
  const page = show(workspace, '?path=README.md')
  await editor()
  await userEvent.click(screen.getByRole('button', { name: 'Actions for README.md' }))
  await userEvent.click(await screen.findByRole('menuitem', { name: 'Move to…' }))
  const field = await screen.findByLabelText('Path')
  expect(field).toHaveValue('README.md')
  await userEvent.clear(field)
  await userEvent.type(field, 'docs/README.md{Enter}')
  await waitFor(() => expect(page.location()).toBe('/p/website/files?path=docs/README.md'))
})

it('refuses to move a folder into itself, and says so', async () => {
  show(workspace)
  await item(/^docs/)
  await userEvent.click(screen.getByRole('button', { name: 'Actions for docs' }))
  await userEvent.click(await screen.findByRole('menuitem', { name: 'Move to…' }))
  await userEvent.type(await screen.findByLabelText('Path'), '/old{Enter}')
  expect(await screen.findByText('A folder cannot be moved into itself.')).toBeInTheDocument()
  expect(Object.keys(workspace.files)).toContain('docs/a.md')
})
