import { expect, test } from 'vitest'
import { isReply } from './replies'

test.each([
  ['a device', '\x1b[?1;2c'],
  ['a second device', '\x1b[>0;276;0c'],
  ['a state', '\x1b[0n'],
  ['a place', '\x1b[12;40R'],
  ['a place with its page', '\x1b[?12;40R'],
  ['a mode', '\x1b[?2026;2$y'],
  ['a mode of the standard', '\x1b[4;2$y'],
  ['a window', '\x1b[8;24;80t'],
  ['a colour', '\x1b]11;rgb:ffff/ffff/ffff\x1b\\'],
  ['a colour with a bell', '\x1b]10;rgb:0000/0000/0000\x07'],
  ['a setting', '\x1bP1$r0m\x1b\\'],
  ['a window in front', '\x1b[I'],
])('%s is answered by the terminal itself', (_, data) => {
  expect(isReply(data, null)).toBe(true)
})

test.each([
  ['a letter', 'a'],
  ['a line', 'ls -l\r'],
  ['an arrow', '\x1b[A'],
  ['an arrow with Control', '\x1b[1;5C'],
  ['a function key', '\x1b[15~'],
  ['Escape', '\x1b'],
  ['the mouse', '\x1b[<0;10;5M'],
  ['a paste', '\x1b[200~\x1b[0n\x1b[201~'],
])('%s is typed', (_, data) => {
  expect(isReply(data, null)).toBe(false)
})

test('a key that says the same as an answer is typed', () => {
  expect(isReply('\x1b[1;2R', '\x1b[1;2R')).toBe(false)
  expect(isReply('\x1b[1;2R', 'a')).toBe(true)
})
