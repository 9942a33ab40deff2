import { describe, expect, it } from 'vitest'
import type { OutputTool } from '@/api/types'
import { placeInText, placeOfCall, placesIn } from './places'

describe('a file named in text', () => {
  it.each([
    ['src/app.py', 'src/app.py', null],
    ['src/app.py:12', 'src/app.py', 12],
    ['src/app.py:12:5', 'src/app.py', 12],
    ['./src/app.py:3-9', 'src/app.py', 3],
    ['README.md', 'README.md', null],
    ['Makefile', 'Makefile', null],
    ['/data/pods/x/workspace/src/a.ts:7', 'src/a.ts', 7],
    ['.github/workflows/ci.yml', '.github/workflows/ci.yml', null],
  ])('%s is found', (text, path, line) => {
    expect(placeInText(text)).toEqual({ path, line })
  })

  it.each([
    'and/or',
    'app.run',
    '1.5',
    '/etc/passwd',
    '/etc/hosts.txt',
    '../secret.txt',
    'src/../../x.py',
    'https://example.com/a.html',
    'npm test',
    'javascript:alert(1)//a.js',
    '',
  ])('%j is none', (text) => expect(placeInText(text)).toBeNull())
})

describe('files named in running text', () => {
  const found = (text: string) => {
    const pieces = placesIn(text)
    expect(pieces.map((piece) => piece.text).join('')).toBe(text)
    return pieces.flatMap(({ text: shown, place }) => (place ? [[shown, place.path, place.line]] : []))
  }

  it.each([
    [
      'I changed src/app.py and README.md.',
      [
        ['src/app.py', 'src/app.py', null],
        ['README.md', 'README.md', null],
      ],
    ],
    [
      'src/a.py:12:import os\nsrc/b.py:3: x = 1',
      [
        ['src/a.py:12', 'src/a.py', 12],
        ['src/b.py:3', 'src/b.py', 3],
      ],
    ],
    ['/data/pods/x/workspace/src/a.ts', [['/data/pods/x/workspace/src/a.ts', 'src/a.ts', null]]],
    [
      '/data/pods/x/workspace/src/a.ts:\n  Line 4: x',
      [['/data/pods/x/workspace/src/a.ts', 'src/a.ts', null]],
    ],
    [
      'File "src/a.py", line 3 (see src/b.py:9:1)',
      [
        ['src/a.py', 'src/a.py', null],
        ['src/b.py:9:1', 'src/b.py', 9],
      ],
    ],
    ['src/a.ts(4,2): error', [['src/a.ts', 'src/a.ts', null]]],
    ['https://example.com/workspace/a.html and/or 1.5, /etc/hosts.txt, ../x.py', []],
    ['', []],
    [`${'a.py '.repeat(1000)}\nb.py`, [['b.py', 'b.py', null]]],
  ])('%s', (text, places) => expect(found(text)).toEqual(places))
})

describe('the file of a call', () => {
  const call = (tool: string, input: Record<string, unknown>) => ({ tool, input }) as unknown as OutputTool

  it.each([
    ['write', { filePath: '/pods/1/workspace/a/b.txt' }, { path: 'a/b.txt', line: null }],
    ['read', { filePath: 'a/b.txt', offset: 40 }, { path: 'a/b.txt', line: 40 }],
    ['edit', { filePath: '/etc/passwd' }, null],
    ['read', { filePath: '/pods/1/workspace/../../x' }, null],
    ['list', { path: 'src' }, null],
    ['bash', { command: 'cat a.txt' }, null],
  ])('%s %j', (tool, input, place) => expect(placeOfCall(call(tool, input))).toEqual(place))
})
