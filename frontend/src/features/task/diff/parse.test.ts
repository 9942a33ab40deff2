import { describe, expect, it } from 'vitest'
import { countChanges, parseDiff } from './parse'

const PATCH = `diff --git a/a.txt b/a.txt
--- a/a.txt
+++ b/a.txt
@@ -1,3 +1,3 @@ def main():
 one
-two
+2
 three
\\ No newline at end of file
@@ -10 +10,2 @@
-ten
+10
+11
`

describe('parseDiff', () => {
  it('numbers each side by itself and leaves the file header out', () => {
    const lines = parseDiff(PATCH).map(({ kind, text, before, after }) => [kind, text, before, after])
    expect(lines).toEqual([
      ['hunk', 'def main():', null, null],
      ['same', 'one', 1, 1],
      ['del', 'two', 2, null],
      ['add', '2', null, 2],
      ['same', 'three', 3, 3],
      ['note', 'No newline at end of file', null, null],
      ['hunk', '', null, null],
      ['del', 'ten', 10, null],
      ['add', '10', null, 10],
      ['add', '11', null, 11],
    ])
  })

  it('takes lines that look like headers for what they are inside a hunk', () => {
    const lines = parseDiff('@@ -1,1 +1,1 @@\n--- was a rule\n+++ is one now')
    expect(lines.map(({ kind }) => kind)).toEqual(['hunk', 'del', 'add'])
    expect(lines[1]?.text).toBe('-- was a rule')
  })

  it('gives nothing for a patch without text', () => {
    expect(parseDiff('Binary files a/x and b/x differ\n')).toEqual([])
    expect(parseDiff('')).toEqual([])
  })
})

describe('countChanges', () => {
  it('counts added and removed lines', () => {
    expect(countChanges(PATCH)).toEqual({ additions: 3, deletions: 2 })
  })
})
