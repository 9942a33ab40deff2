import { render, screen } from '@testing-library/react'
import { expect, it } from 'vitest'
import MarkdownRenderer from './markdown-renderer'

const link = (url: string) => {
  render(<MarkdownRenderer text={`[there](${url})`} />)
  return screen.getByText('there').getAttribute('href')
}

it.each([
  'http://example.com/',
  'https://example.com/a:b',
  'mailto:ann@example.com',
  '#part',
  'docs/a.md',
  '/docs/1:2',
])('%s leads there', (url) => expect(link(url)).toBe(url))

it.each([
  'javascript:alert(1)',
  'JavaScript:alert(1)',
  'data:text/html,x',
  'vbscript:x',
  'irc://example.com/room',
  'ircs://example.com/room',
  'xmpp:ann@example.com',
  'vscode://file/etc/passwd',
  'file:///etc/passwd',
])('%s leads nowhere', (url) => expect(link(url)).toBeNull())
