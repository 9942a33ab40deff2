import { act, render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { afterEach, expect, test, vi } from 'vitest'
import { Kbd } from '@/ui/kbd'
import { matches, setSingleKeys, useShortcut, useShortcuts } from './shortcuts'

afterEach(() => act(() => setSingleKeys(true)))

const press = (init: KeyboardEventInit) => new KeyboardEvent('keydown', init)

test.each([
  ['c', { key: 'c' }, true],
  ['c', { key: 'c', ctrlKey: true }, false],
  ['c', { key: 'C', shiftKey: true }, false],
  ['?', { key: '?', shiftKey: true }, true],
  ['mod+k', { key: 'k', metaKey: true }, true],
  ['mod+k', { key: 'k' }, false],
  ['alt+arrowup', { key: 'ArrowUp', altKey: true }, true],
  ['arrowup', { key: 'ArrowUp', altKey: true }, false],
])('%s answers to %o: %s', (keys, init, expected) => {
  expect(matches(keys, press(init))).toBe(expected)
})

function Page(props: { onC: () => unknown; onK?: () => unknown; dialog?: boolean }) {
  useShortcut('c', 'Create', 'Test', props.onC)
  useShortcut('mod+k', 'Search', 'Test', props.onK ?? (() => {}))
  return (
    <>
      <input aria-label="text" />
      {props.dialog && <div role="dialog" />}
      <ul>
        {useShortcuts().map(({ label }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: one key may be registered twice
          <li key={index}>{label}</li>
        ))}
      </ul>
    </>
  )
}

test('a single key is silent while typing, one with a modifier is not', async () => {
  const onC = vi.fn()
  const onK = vi.fn()
  render(<Page onC={onC} onK={onK} />)
  await userEvent.type(screen.getByLabelText('text'), 'c{Control>}k{/Control}')
  expect(onC).not.toHaveBeenCalled()
  expect(onK).toHaveBeenCalledOnce()
  expect(screen.getByLabelText('text')).toHaveValue('c')
})

test('nothing answers behind an open dialog', async () => {
  const onC = vi.fn()
  render(<Page onC={onC} dialog />)
  await userEvent.keyboard('c')
  expect(onC).not.toHaveBeenCalled()
})

test('what is registered is listed, and gone with its component', async () => {
  const onC = vi.fn()
  const { unmount } = render(<Page onC={onC} />)
  expect(screen.getAllByRole('listitem').map((item) => item.textContent)).toEqual(['Create', 'Search'])
  unmount()
  await userEvent.keyboard('c')
  expect(onC).not.toHaveBeenCalled()
})

test('the newest registration of a key wins', async () => {
  const below = vi.fn()
  const above = vi.fn()
  render(<Page onC={below} />)
  render(<Page onC={above} />)
  await userEvent.keyboard('c')
  expect(above).toHaveBeenCalledOnce()
  expect(below).not.toHaveBeenCalled()
})

test('single keys can be turned off; others and named keys go on', async () => {
  const onC = vi.fn()
  const onK = vi.fn()
  const onEscape = vi.fn()
  function Escapable() {
    useShortcut('escape', 'Away', 'Test', onEscape)
    return <Kbd shortcut="c" />
  }
  render(<Page onC={onC} onK={onK} />)
  render(<Escapable />)
  expect(screen.getByText('C')).toBeInTheDocument()
  act(() => setSingleKeys(false))
  await userEvent.keyboard('c{Control>}k{/Control}{Escape}')
  expect(onC).not.toHaveBeenCalled()
  expect(onK).toHaveBeenCalledOnce()
  expect(onEscape).toHaveBeenCalledOnce()
  expect(screen.queryByText('C')).not.toBeInTheDocument()
  expect(screen.getAllByRole('listitem').map((item) => item.textContent)).toEqual(['Search', 'Away'])
  act(() => setSingleKeys(true))
  await userEvent.keyboard('c')
  expect(onC).toHaveBeenCalledOnce()
})
