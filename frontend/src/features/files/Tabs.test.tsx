import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, describe, expect, it } from 'vitest'
import { editor, giveRoom, show as open, Workspace } from './testing/workspace'

let workspace: Workspace
const show = (path = '') => open(workspace, path && `?path=${path}`)
const tab = (name: string | RegExp) => screen.findByRole('tab', { name })
const names = () => screen.queryAllByRole('tab').map((one) => one.getAttribute('title'))

beforeEach(() => {
  giveRoom()
  sessionStorage.clear()
  workspace = new Workspace({
    'README.md': { text: '# Hello', etag: '"1"' },
    'app.py': { text: 'print(1)', etag: '"2"' },
    'src/app.py': { text: 'print(2)', etag: '"3"' },
  })
})

async function openAll() {
  sessionStorage.setItem('opm.tabs.project', JSON.stringify(['README.md', 'app.py']))
  const page = show('src/app.py')
  await editor()
  return page
}

describe('open files', () => {
  it('stand in tabs, in the order they were opened in, also after a reload', async () => {
    const page = show('README.md')
    await userEvent.click(await screen.findByRole('treeitem', { name: /app\.py/ }))
    expect(await tab('app.py')).toHaveAttribute('aria-selected', 'true')
    expect(names()).toEqual(['README.md', 'app.py'])
    page.unmount()
    show()
    await tab('README.md')
    expect(names()).toEqual(['README.md', 'app.py'])
  })

  it('are told apart by their folder when they are called the same', async () => {
    await openAll()
    expect(screen.getAllByRole('tab').map((one) => one.textContent)).toEqual([
      'README.md',
      'app.py/',
      'app.pysrc',
    ])
  })

  it('are walked by the arrow keys, going round', async () => {
    const page = await openAll()
    ;(await tab(/src/)).focus()
    await userEvent.keyboard('{ArrowRight}')
    expect(await tab('README.md')).toHaveFocus()
    await waitFor(() => expect(page.location()).toBe('/p/website/files?path=README.md'))
    await userEvent.keyboard('{End}')
    await waitFor(() => expect(page.location()).toBe('/p/website/files?path=src/app.py'))
    expect(screen.getAllByRole('tab').map((one) => one.tabIndex)).toEqual([-1, -1, 0])
  })

  it.each([
    ['a middle click', async () => userEvent.pointer({ keys: '[MouseMiddle]', target: await tab(/src/) })],
    [
      'Delete',
      async () => {
        ;(await tab(/src/)).focus()
        await userEvent.keyboard('{Delete}')
      },
    ],
    ['the shortcut', () => userEvent.keyboard('{Control>}{Shift>}X{/Shift}{/Control}')],
    ['the button', () => userEvent.click(screen.getByRole('button', { name: 'Close file' }))],
    ['the cross', () => userEvent.click(document.querySelector('[data-close="src/app.py"]') as Element)],
  ])('are closed by %s, and the neighbour comes to the front', async (_, close) => {
    const page = await openAll()
    await close()
    await waitFor(() => expect(names()).toEqual(['README.md', 'app.py']))
    await waitFor(() => expect(page.location()).toBe('/p/website/files?path=app.py'))
  })

  it('are closed with unsaved text only when that is confirmed', async () => {
    show('README.md')
    await userEvent.type(await editor(), '!')
    expect(await tab(/README.md ?unsaved/)).toBeInTheDocument()
    const close = () => userEvent.click(screen.getByRole('button', { name: 'Close file' }))
    await close()
    const question = await screen.findByRole('alertdialog', { name: 'Close README.md without saving?' })
    await userEvent.click(within(question).getByRole('button', { name: 'Cancel' }))
    expect(await editor()).toHaveValue('# Hello!')
    await close()
    await userEvent.click(await screen.findByRole('button', { name: 'Close without saving' }))
    expect(await screen.findByText('No file open')).toBeInTheDocument()
    expect(names()).toEqual([])
  })

  it('keep their text and their place when they are renamed', async () => {
    const page = await openAll()
    await userEvent.type(await editor(), ' mine')
    await userEvent.click(screen.getByRole('button', { name: 'Actions for src' }))
    await userEvent.click(await screen.findByRole('menuitem', { name: 'Rename…' }))
    const field = await screen.findByLabelText('Name')
    await userEvent.clear(field)
    await userEvent.type(field, 'lib{Enter}')
    await waitFor(() => expect(page.location()).toBe('/p/website/files?path=lib/app.py'))
    await waitFor(() => expect(names()).toEqual(['README.md', 'app.py', 'lib/app.py']))
    expect(await editor()).toHaveValue('print(2) mine')
    expect(screen.getByText('Unsaved')).toBeInTheDocument()
  })

  it('go with a file that is deleted', async () => {
    await openAll()
    await userEvent.click(screen.getByRole('button', { name: 'Actions for README.md' }))
    await userEvent.click(await screen.findByRole('menuitem', { name: 'Delete…' }))
    await userEvent.click(await screen.findByRole('button', { name: 'Delete file' }))
    await waitFor(() => expect(names()).toEqual(['app.py', 'src/app.py']))
  })
})
