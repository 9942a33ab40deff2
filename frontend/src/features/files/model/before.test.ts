import { expect, it } from 'vitest'
import { before } from './before'

const PATCH = `Index: a.txt
===================================================================
--- a.txt
+++ a.txt
@@ -1,3 +1,3 @@
 one
-two
+TWO
 three
`

it('takes back what a run did', () => {
  expect(before('one\nTWO\nthree\n', PATCH)).toBe('one\ntwo\nthree\n')
})

it('leaves what was done elsewhere since', () => {
  expect(before('zero\none\nTWO\nthree\nfour\n', PATCH)).toBe('zero\none\ntwo\nthree\nfour\n')
})

it('does not guess where the same lines were changed again', () => {
  expect(before('one\nagain\nthree\n', PATCH)).toBeNull()
})

it('gives an empty text for a file that the run made', () => {
  const made = '--- /dev/null\n+++ b.txt\n@@ -0,0 +1,1 @@\n+new\n\\ No newline at end of file\n'
  expect(before('new', made)).toBe('')
})
