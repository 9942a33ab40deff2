import { screen } from '@testing-library/react'
import { expect, it } from 'vitest'
import type { OutputTool } from '@/api/types'
import { renderAt } from '@/testing/render'
import { LogRow, type LogRowProps } from './LogRow'

function show(item: object) {
  const row = { item, nested: false } as unknown as LogRowProps['row']
  return renderAt(<LogRow row={row} asks={[]} />, { at: '/p/website/t/1', path: '/p/:project/t/:task' })
}

it('links files that are named in what the agent says, and nothing else', async () => {
  show({ kind: 'text', text: 'See `src/app.py:3`, then run `npm test`.\n\n```\nsrc/app.py\n```' })
  const links = await screen.findAllByRole('link')
  expect(links.map((one) => [one.textContent, one.getAttribute('href')])).toEqual([
    ['src/app.py:3', '/p/website/files?path=src/app.py&line=3'],
  ])
})

it('links files in running text, but neither within links nor in blocks of code', async () => {
  show({
    kind: 'text',
    text: '- changed src/a.py:3, **b.md**.\n\n[c.md](https://example.com/d.md)\n\n    e.md',
  })
  const links = await screen.findAllByRole('link')
  expect(links.map((one) => [one.textContent, one.getAttribute('href')])).toEqual([
    ['src/a.py:3', '/p/website/files?path=src/a.py&line=3'],
    ['b.md', '/p/website/files?path=b.md'],
    ['c.md', 'https://example.com/d.md'],
  ])
  expect(links[0]).not.toHaveAttribute('target')
})

it('links files in the output of a command and among the hits of a search', async () => {
  const call = {
    tool: 'bash',
    input: { command: 'grep -n x' },
    state: 'completed',
    output: 'src/a.py:12:x = 1\n',
  }
  show({ kind: 'tool', call })
  expect(screen.getByRole('link', { name: 'src/a.py:12' })).toHaveAttribute(
    'href',
    '/p/website/files?path=src/a.py&line=12',
  )
  expect(screen.getByLabelText('Output of grep -n x')).toHaveTextContent('src/a.py:12:x = 1')
})

it.each([
  ['write', { filePath: '/pods/1/workspace/a/b.txt', content: 'x' }, '/p/website/files?path=a/b.txt'],
  ['read', { filePath: 'a/b.txt', offset: 40 }, '/p/website/files?path=a/b.txt&line=40'],
])('links the file of a call of %s', (tool, input, href) => {
  const call = { tool, input, state: 'completed', output: 'done' } as unknown as OutputTool
  show({ kind: 'tool', call })
  expect(screen.getByRole('link', { name: 'Open a/b.txt' })).toHaveAttribute('href', href)
})

it('links no file outside the workspace', () => {
  const call = {
    tool: 'read',
    input: { filePath: '/etc/passwd' },
    state: 'completed',
  } as unknown as OutputTool
  show({ kind: 'tool', call })
  expect(screen.queryByRole('link')).not.toBeInTheDocument()
})
