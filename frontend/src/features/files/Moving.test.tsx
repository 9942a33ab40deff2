import { File } from 'node:buffer'
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
function load(files: unknown[] = []) {
  return {
    dataTransfer: {
      files,
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

  it('uploads files of the desktop to the folder they are dropped on', async () => {
    const sent: string[] = []
    show(workspace)
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
    )
    const held = load([new File(['x'], 'photo.png')])
    const folder = await item(/^docs/)
    fireEvent.dragOver(folder, held)
    expect(folder.className).toContain('outline-accent')
    fireEvent.drop(folder, held)
    await waitFor(() => expect(sent).toEqual(['docs/photo.png']))
    expect(folder.className).not.toContain('outline-accent')
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
