import { act, renderHook } from '@testing-library/react'
import { expect, test, vi } from 'vitest'
import { isText, useDraft } from './draft'

const show = () => renderHook(() => useDraft('opm.test', isText))

test('a draft outlives the form, and everybody sees the same', () => {
  const first = show()
  act(() => first.result.current[1]('half a'))
  const second = show()
  act(() => second.result.current[1]('half a thought'))
  expect(first.result.current[0]).toBe('half a thought')
  first.unmount()
  second.unmount()
  const third = show()
  expect(third.result.current[0]).toBe('half a thought')
  act(() => third.result.current[1](null))
  expect(show().result.current[0]).toBeNull()
  expect(sessionStorage).toHaveLength(0)
})

test.each(['no JSON', '{"texts":1}'])('what cannot be read is no draft: %s', (left) => {
  sessionStorage.setItem('opm.test', left)
  expect(show().result.current[0]).toBeNull()
})

test('typing goes on where the browser stores nothing', () => {
  vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
    throw new DOMException('full', 'QuotaExceededError')
  })
  const { result } = show()
  act(() => result.current[1]('a'))
  act(() => result.current[1]('ab'))
  expect(result.current[0]).toBe('ab')
  act(() => result.current[1](null))
  expect(result.current[0]).toBeNull()
})
