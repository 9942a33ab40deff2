import { QueryClientProvider } from '@tanstack/react-query'
import { renderHook, waitFor } from '@testing-library/react'
import { expect, it } from 'vitest'
import { createQueryClient } from '@/api/client'
import { server } from '@/testing/server'
import { useListings } from './api'
import { Workspace } from './testing/workspace'

it('gives what was read in the order of the tree, and the same again until something is read anew', async () => {
  const file = { text: '', etag: '"1"' }
  const workspace = new Workspace({ 'a10.txt': file, 'a2.txt': file, 'src/b.py': file, 'src/a/x.py': file })
  server.use(...workspace.handlers())
  const client = createQueryClient()
  const expanded = new Set(['src'])
  const { result, rerender } = renderHook(() => useListings('project', expanded), {
    wrapper: ({ children }) => <QueryClientProvider client={client}>{children}</QueryClientProvider>,
  })
  await waitFor(() => expect([...result.current.listings.keys()]).toEqual(['', 'src']))
  const names = [...result.current.listings.values()].map((entries) => entries.map(({ name }) => name))
  expect(names).toEqual([
    ['src', 'a2.txt', 'a10.txt'],
    ['a', 'b.py'],
  ])
  const before = result.current
  rerender()
  await client.invalidateQueries()
  expect(result.current.listings).toBe(before.listings)
  expect(result.current.longer).toBe(before.longer)
  workspace.files['src/c.py'] = file
  await client.invalidateQueries()
  await waitFor(() => expect(result.current.listings.get('src')).toHaveLength(3))
})
