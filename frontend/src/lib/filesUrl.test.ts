import { expect, test } from 'vitest'
import { filesUrl } from './filesUrl'

test.each([
  ['', null, '/p/website/files'],
  ['src/app.py', null, '/p/website/files?path=src/app.py'],
  ['src/app.py', 12, '/p/website/files?path=src/app.py&line=12'],
  ['a b/100%?&#.md', 1, '/p/website/files?path=a%20b/100%25%3F%26%23.md&line=1'],
])('%s, line %s, is at %s, and can be read back', (path, line, url) => {
  expect(filesUrl('website', path, line)).toBe(url)
  expect(new URL(url, 'http://opm.test').searchParams.get('path') ?? '').toBe(path)
})
