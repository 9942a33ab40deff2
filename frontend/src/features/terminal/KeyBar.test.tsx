import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, it, vi } from 'vitest'
import { KeyBar } from './KeyBar'

const rest = { held: false, selected: false, onHold() {}, onKey() {}, onCopy() {}, onPaste() {} }

it('sends what the keys of a keyboard would', async () => {
  const onKey = vi.fn()
  render(<KeyBar {...rest} onKey={onKey} />)
  for (const name of ['Escape', 'Tab', 'Left', 'Up', 'Down', 'Right'])
    await userEvent.click(screen.getByRole('button', { name }))
  expect(onKey.mock.calls.flat()).toEqual(['\x1b', '\t', '\x1b[D', '\x1b[A', '\x1b[B', '\x1b[C'])
})

it('says whether Control is held', async () => {
  const onHold = vi.fn()
  const { rerender } = render(<KeyBar {...rest} onHold={onHold} />)
  const control = screen.getByRole('button', { name: 'Ctrl' })
  expect(control).toHaveAttribute('aria-pressed', 'false')
  await userEvent.click(control)
  expect(onHold).toHaveBeenCalledOnce()
  rerender(<KeyBar {...rest} held onHold={onHold} />)
  expect(control).toHaveAttribute('aria-pressed', 'true')
})

it('copies what is selected, and pastes at any time', async () => {
  const calls = { onCopy: vi.fn(), onPaste: vi.fn() }
  const { rerender } = render(<KeyBar {...rest} {...calls} />)
  await userEvent.click(screen.getByRole('button', { name: 'Paste' }))
  expect(calls.onPaste).toHaveBeenCalledOnce()
  expect(screen.getByRole('button', { name: 'Copy' })).toBeDisabled()
  rerender(<KeyBar {...rest} {...calls} selected />)
  await userEvent.click(screen.getByRole('button', { name: 'Copy' }))
  expect(calls.onCopy).toHaveBeenCalledOnce()
})
