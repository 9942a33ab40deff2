import { expect, test } from 'vitest'
import { ownPath } from './next'

test.each(['/', '/p/shop', '/p/shop/t/1?tab=output&x=%2F%2F', '/p/caf%C3%A9', '/p/a:b@c'])(
  '%s is ours',
  (path) => expect(ownPath(path)).toBe(path),
)

test.each([
  '//evil.example',
  '/\\evil.example',
  '/p\\x',
  'https://evil.example/',
  'javascript:alert(1)',
  'p/shop',
  '/p/ x',
  '/p/\tx',
  '/p/\nx',
  '/\u007f',
  ` /p`,
  '',
  null,
  undefined,
  `/${'x'.repeat(2000)}`,
])('%j leads to the start', (path) => expect(ownPath(path)).toBe('/'))
