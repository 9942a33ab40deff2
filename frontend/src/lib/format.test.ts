import { expect, test } from 'vitest'
import { excerptOf, formatAgo, formatBytes, formatCost, formatDuration, formatTokens, plural } from './format'

test.each([
  [0, '0s'],
  [-5, '0s'],
  [950, '1s'],
  [65_000, '1m 05s'],
  [3_599_999, '59m 59s'],
  [3_700_000, '1h 01m'],
])('a duration of %d ms is told as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text)
})

test.each([
  [1_000, 'now'],
  [8_400, '8s ago'],
  [299_000, '4m ago'],
  [7_200_000, '2h ago'],
  [3 * 86_400_000, '3d ago'],
])('%d ms in the past are told as %s', (past, text) => {
  expect(formatAgo(1_000_000_000_000 - past, 1_000_000_000_000)).toBe(text)
})

test('a small sum never reads as free', () => {
  expect([0, 0.0004, 0.5, 12.345].map(formatCost)).toEqual(['$0', '<$0.01', '$0.50', '$12.35'])
})

test('tokens and bytes are shortened', () => {
  expect([999, 1200, 45_600, 2_500_000].map(formatTokens)).toEqual(['999', '1.2k', '46k', '2.5M'])
  expect([12, 2048, 3_145_728, 1_610_612_736].map(formatBytes)).toEqual([
    '12 B',
    '2.0 kB',
    '3.0 MB',
    '1.5 GB',
  ])
})

test('plural counts', () => {
  expect([plural(1, 'card'), plural(0, 'card'), plural(2, 'reply', 'replies')]).toEqual([
    '1 card',
    '0 cards',
    '2 replies',
  ])
})

test('an excerpt has the words and none of the marks', () => {
  expect(excerptOf('# Title\n\n- one **bold**\n- `code`\n\n> said')).toBe('Title one bold code said')
})
