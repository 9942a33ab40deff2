import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, it, vi } from 'vitest'
import { KeyBar } from './KeyBar'

it('sends what the keys of a keyboard would', async () => {
  const onKey = vi.fn()
  render(<KeyBar held={false} onHold={() => {}} onKey={onKey} />)
  for (const name of ['Escape', 'Tab', 'Left', 'Up', 'Down', 'Right'])
    await userEvent.click(screen.getByRole('button', { name }))
  expect(onKey.mock.calls.flat()).toEqual(['\x1b', '\t', '\x1b[D', '\x1b[A', '\x1b[B', '\x1b[C'])
})

it('says whether Control is held', async () => {
  const onHold = vi.fn()
  const { rerender } = render(<KeyBar held={false} onHold={onHold} onKey={() => {}} />)
  const control = screen.getByRole('button', { name: 'Ctrl' })
  expect(control).toHaveAttribute('aria-pressed', 'false')
  await userEvent.click(control)
  expect(onHold).toHaveBeenCalledOnce()
  rerender(<KeyBar held onHold={onHold} onKey={() => {}} />)
  expect(control).toHaveAttribute('aria-pressed', 'true')
})
