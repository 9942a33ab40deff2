import { describe, expect, it } from 'vitest'
import type { Entry } from '@/api/types'
import { contentUrl, formerPlace, placeOf } from './address'
import { ancestors, join, nameOf, nameProblem, parentOf, rowsOf, sorted, step, typeAhead } from './tree'

function entry(path: string, type: Entry['type'] = 'file'): Entry {
  return { name: nameOf(path), path, type, size: 1, modified: null, target: null, children: null }
}

const listings = new Map([
  [
    '',
    sorted([
      entry('b.py'),
      entry('src', 'directory'),
      entry('A10.md'),
      entry('a2.md'),
      entry('docs', 'directory'),
    ]),
  ],
  ['src', sorted([entry('src/app.py'), entry('src/lib', 'directory')])],
  ['src/lib', [entry('src/lib/x.py')]],
])
const paths = (expanded: string[]) => rowsOf(listings, new Set(expanded)).map(({ entry: { path } }) => path)
const rows = rowsOf(listings, new Set(['src']))

describe('rows', () => {
  it('puts directories first and counts numbers as numbers', () => {
    expect(paths([])).toEqual(['docs', 'src', 'a2.md', 'A10.md', 'b.py'])
  })

  it('opens what is expanded, as deep as it was read', () => {
    expect(paths(['src', 'src/lib', 'docs'])).toEqual([
      'docs',
      'src',
      'src/lib',
      'src/lib/x.py',
      'src/app.py',
      'a2.md',
      'A10.md',
      'b.py',
    ])
  })

  it('shows nothing of a directory whose parent is closed', () => {
    expect(paths(['src/lib'])).toEqual(paths([]))
  })
})

describe('a directory too large for one answer', () => {
  const longer = rowsOf(listings, new Set(['src']), new Set(['src', '']))
  const names = longer.map(({ entry: { name } }) => name)

  it('ends with the way to the rest', () => {
    expect(names).toEqual([
      'docs',
      'src',
      'lib',
      'app.py',
      'Show more…',
      'a2.md',
      'A10.md',
      'b.py',
      'Show more…',
    ])
    expect(new Set(longer.map(({ entry: { path } }) => path)).size).toBe(longer.length)
  })

  it('is read on by Enter, and left to the directory', () => {
    expect(step(longer, 'src/', 'Enter')).toEqual({ kind: 'more', path: 'src' })
    expect(step(longer, '/', ' ')).toEqual({ kind: 'more', path: '' })
    expect(step(longer, 'src/', 'ArrowLeft')).toEqual({ kind: 'focus', path: 'src' })
    expect(step(longer, '/', 'ArrowLeft')).toBeNull()
  })
})

describe('keys', () => {
  it.each([
    ['docs', 'ArrowDown', { kind: 'focus', path: 'src' }],
    ['docs', 'ArrowUp', { kind: 'focus', path: 'docs' }],
    ['b.py', 'ArrowDown', { kind: 'focus', path: 'b.py' }],
    ['src', 'Home', { kind: 'focus', path: 'docs' }],
    ['src', 'End', { kind: 'focus', path: 'b.py' }],
    ['docs', 'ArrowRight', { kind: 'expand', path: 'docs' }],
    ['src', 'ArrowRight', { kind: 'focus', path: 'src/lib' }],
    ['src', 'ArrowLeft', { kind: 'collapse', path: 'src' }],
    ['src/app.py', 'ArrowLeft', { kind: 'focus', path: 'src' }],
    ['b.py', 'ArrowLeft', null],
    ['b.py', 'ArrowRight', null],
    ['src', 'Enter', { kind: 'collapse', path: 'src' }],
    ['docs', ' ', { kind: 'expand', path: 'docs' }],
    ['b.py', 'Enter', { kind: 'open', path: 'b.py' }],
    ['b.py', 'x', null],
    [null, 'Enter', null],
  ] as const)('on %s, %s', (focused, key, expected) => {
    expect(step(rows, focused, key)).toEqual(expected)
  })

  it('finds nothing in an empty tree', () => {
    expect(step([], null, 'ArrowDown')).toBeNull()
  })
})

describe('typing ahead', () => {
  it('goes to the next match and round the end', () => {
    expect(typeAhead(rows, 'a2.md', 'a')).toBe('A10.md')
    expect(typeAhead(rows, 'A10.md', 'a')).toBe('src/app.py')
    expect(typeAhead(rows, 'b.py', 'd')).toBe('docs')
  })

  it('stays while a longer name is typed that still matches', () => {
    expect(typeAhead(rows, 'a2.md', 'a2')).toBe('a2.md')
    expect(typeAhead(rows, 'a2.md', 'zz')).toBeNull()
  })
})

describe('paths', () => {
  it('are taken apart and put together', () => {
    expect([parentOf('a/b/c'), parentOf('c'), nameOf('a/b/c'), join('', 'x'), join('a', 'x')]).toEqual([
      'a/b',
      '',
      'c',
      'x',
      'a/x',
    ])
    expect(ancestors('a/b/c.py')).toEqual(['a', 'a/b'])
    expect(ancestors('c.py')).toEqual([])
  })

  it('survive the address of their content, whatever is in the name', () => {
    expect(contentUrl('id', 'a&b')).toBe('/api/projects/id/files/content?path=a%26b')
  })

  it('are read from the address with their line', () => {
    const lines = ['line=12', 'line=0', 'line=x', ''].map((query) => placeOf(new URLSearchParams(query)).line)
    expect(lines).toEqual([12, null, null, null])
    expect(placeOf(new URLSearchParams('path=a%20b/c.md'))).toEqual({
      path: 'a b/c.md',
      line: null,
      run: null,
    })
    expect(formerPlace('src/app.py', '#L12')).toEqual({ path: 'src/app.py', line: 12, run: null })
  })
})

describe('new names', () => {
  it.each(['', ' ', '.', '..', 'a/../b', '/a', 'a//b'])('refuses %j', (name) => {
    expect(nameProblem(name, [])).not.toBeNull()
  })

  it('refuses one that exists, and takes a way down', () => {
    expect(nameProblem('b.py', [entry('b.py')])).toMatch(/already/)
    expect(nameProblem('new/deep/file.py', [entry('b.py')])).toBeNull()
  })
})
