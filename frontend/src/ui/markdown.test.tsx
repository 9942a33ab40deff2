import { expect, it } from 'vitest'
import { webAddress } from './markdown-renderer'

it.each([
  'https://opm.test/a?b=c:d#e',
  'HTTP://opm.test',
  'mailto:a@opm.test',
  '/p/tea',
  '#here',
  '?a=b:c',
  'a/b:c',
  '//opm.test',
])('%s is an address to follow', (address) => expect(webAddress(address)).toBe(address))

it.each([
  'javascript:alert(1)',
  'JavaScript:alert(1)',
  ' javascript:alert(1)',
  'java\tscript:alert(1)',
  'data:text/html,x',
  'irc://opm.test',
  'xmpp:a@b',
  'file:///etc',
  'vbscript:x',
  'blob:https://opm.test/1',
])('%s is none', (address) => expect(webAddress(address)).toBe(''))
