import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, describe, expect, it } from 'vitest'
import { announce, editor, giveRoom, show, Workspace } from './testing/workspace'

let workspace: Workspace

beforeEach(() => {
  giveRoom()
  sessionStorage.clear()
  workspace = new Workspace({
    'README.md': {
      text: '# Hello\n\n[out](https://example.com)\n\n<script>top.stolen = 1</script>\n\n',
      etag: '"1"',
    },
    'src/app.py': { text: 'import os\nprint(os)', etag: '"2"' },
    'logo.svg': { text: '<svg xmlns="http://www.w3.org/2000/svg"/>', etag: '"3"' },
    'photo.png': { text: 'x\0y', etag: '"4"' },
  })
})

const press = async (name: string) => userEvent.click(await screen.findByRole('button', { name }))

describe('changes since the last commit', () => {
  it('are shown of the text as it stands in the editor, and the editor keeps it', async () => {
    workspace.committed = { 'src/app.py': 'old' }
    show(workspace, '?path=src/app.py')
    await userEvent.type(await editor(), '!')
    await press('Changes since an earlier state')
    expect(await screen.findByText(/^old against import os print\(os\)!$/)).toBeInTheDocument()
    await press('Changes since an earlier state')
    expect(screen.queryByText(/old against/)).not.toBeInTheDocument()
    expect(await editor()).toHaveValue('import os\nprint(os)!')
  })

  it('are gone when they are committed', async () => {
    workspace.committed = { 'src/app.py': 'old' }
    show(workspace, '?path=src/app.py')
    await press('Changes since an earlier state')
    expect(await screen.findByText(/^old against/)).toBeInTheDocument()
    workspace.committed['src/app.py'] = 'import os\nprint(os)'
    announce('.git')
    expect(await screen.findByText('No changes')).toBeInTheDocument()
  })

  it.each([
    [{ 'src/app.py': 'import os\nprint(os)' }, 'No changes'],
    [{}, 'Not in the last commit'],
    [null, 'No git repository'],
    [{ 'src/app.py': { bytes: Uint8Array.of(0, 255), encoding: 'binary' } }, 'It cannot be compared'],
  ])('are told in words where there is nothing to compare: %j', async (committed, title) => {
    workspace.committed = committed
    show(workspace, '?path=src/app.py')
    await press('Changes since an earlier state')
    expect(await screen.findByText(title)).toBeInTheDocument()
  })
})

describe('changes since a run', () => {
  const patch = '--- src/app.py\n+++ src/app.py\n@@ -1,2 +1,2 @@\n-import sys\n+import os\n print(os)\n'
  const nl = '\\ No newline at end of file\n'

  it('are shown at once when the way led from its card, and another state can be chosen', async () => {
    workspace.committed = { 'src/app.py': 'old' }
    workspace.runs = [{ id: 'run-1', title: 'Tidy up', files: [{ file: 'src/app.py', patch: patch + nl }] }]
    show(workspace, '?path=src/app.py&run=run-1')
    expect(
      await screen.findByText(/^import sys print\(os\) against import os print\(os\)$/),
    ).toBeInTheDocument()
    await userEvent.click(screen.getByRole('combobox', { name: 'Compared with' }))
    expect(await screen.findByRole('option', { name: /Before “Tidy up”/ })).toBeInTheDocument()
    await userEvent.click(screen.getByRole('option', { name: 'The last commit' }))
    expect(await screen.findByText(/^old against/)).toBeInTheDocument()
  })

  it.each([
    [[], 'Not changed by this run'],
    [null, 'What this run changed is not known'],
    [[{ file: 'src/app.py', patch: patch.replaceAll('import os', 'import re') + nl }], 'Changed again since'],
  ])('are told in words where they cannot be shown: %j', async (files, title) => {
    workspace.runs = [{ id: 'run-1', title: 'Tidy up', files: files ?? [], known: files !== null }]
    show(workspace, '?path=src/app.py&run=run-1')
    expect(await screen.findByText(title)).toBeInTheDocument()
  })
})

describe('a preview', () => {
  const frame = (name: string) => screen.findByTitle<HTMLIFrameElement>(`Preview of ${name}`)

  it('of markdown stands in a frame without any right, sanitised', async () => {
    show(workspace, '?path=README.md')
    await press('Preview')
    const shown = await frame('README.md')
    expect(shown.getAttribute('sandbox')).toBe('')
    expect(shown.srcdoc).toContain('<h1>Hello</h1>')
    expect(shown.srcdoc).toContain("default-src 'none'")
    expect(shown.srcdoc).not.toMatch(/<script|href=/)
  })

  it('follows the text in the editor', async () => {
    show(workspace, '?path=README.md')
    await userEvent.type(await editor(), ' **new**')
    await press('Preview')
    expect((await frame('README.md')).srcdoc).toContain('<strong>new</strong>')
  })

  it.each([
    ['logo.svg', 'data:image/svg+xml;base64,PHN2ZyB4bWxucz0i'],
    ['photo.png', 'data:image/png;base64,eAB5'],
  ])('of %s carries the picture in itself', async (name, data) => {
    show(workspace, `?path=${name}`)
    if (name.endsWith('svg')) await press('Preview')
    const shown = await frame(name)
    expect(shown.getAttribute('sandbox')).toBe('')
    expect(shown.srcdoc).toContain(data)
  })

  it('of a picture follows the disk', async () => {
    show(workspace, '?path=photo.png')
    expect((await frame('photo.png')).srcdoc).toContain('base64,eAB5')
    workspace.files['photo.png'] = { text: 'x\0z', etag: '"5"' }
    announce('photo.png')
    await waitFor(async () => expect((await frame('photo.png')).srcdoc).toContain('base64,eAB6'))
    workspace.files['photo.png'] = { text: 'x\0y', etag: '"6"' }
    await press('Read again')
    await waitFor(async () => expect((await frame('photo.png')).srcdoc).toContain('base64,eAB5'))
  })

  it('is not offered of other text', async () => {
    show(workspace, '?path=src/app.py')
    await editor()
    expect(screen.queryByRole('button', { name: 'Preview' })).not.toBeInTheDocument()
  })
})

describe('the search', () => {
  const panel = () => screen.findByRole('region', { name: 'Search in files' })

  it('finds lines and opens the file there', async () => {
    const page = show(workspace)
    await press('Search in files')
    await userEvent.type(await screen.findByLabelText('Search for text'), 'os')
    expect(await screen.findByText('2 places in 1 file')).toBeInTheDocument()
    await userEvent.keyboard('{ArrowDown}{ArrowDown}{ArrowDown}')
    expect(screen.getByRole('button', { name: 'Line 2: print(os)' })).toHaveFocus()
    await userEvent.keyboard('{Enter}')
    await waitFor(() => expect(page.location()).toBe('/p/website/files?path=src/app.py&line=2'))
    expect(await editor()).toHaveAttribute('data-line', '2')
  })

  it('goes to a file by its name, from the keyboard alone', async () => {
    const page = show(workspace)
    await screen.findByRole('treeitem', { name: /README/ })
    await userEvent.keyboard('{Control>}p{/Control}')
    await userEvent.type(await screen.findByLabelText('Search for names'), 'app')
    await within(await panel()).findByText('1 file')
    await userEvent.keyboard('{ArrowDown}{Enter}')
    await waitFor(() => expect(page.location()).toBe('/p/website/files?path=src/app.py'))
  })

  it('says when nothing was found, and when there is more', async () => {
    show(workspace)
    await press('Search in files')
    const box = await screen.findByLabelText('Search for text')
    await userEvent.type(box, 'nowhere')
    expect(await screen.findByText('Nothing found')).toBeInTheDocument()
    workspace.files['b.txt'] = { text: 'much', etag: '"b"' }
    await userEvent.clear(box)
    await userEvent.type(box, 'much')
    expect(await screen.findByText('The first 1 place in 1 file; there may be more.')).toBeInTheDocument()
  })

  it('is left with Escape, and the tree is there again', async () => {
    show(workspace)
    await press('Search in files')
    await userEvent.type(await screen.findByLabelText('Search for text'), '{Escape}')
    expect(screen.queryByRole('region', { name: 'Search in files' })).not.toBeInTheDocument()
    expect(screen.getByRole('treeitem', { name: /README/ })).toBeVisible()
  })
})
