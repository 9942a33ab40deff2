import { render, screen } from '@testing-library/react'
import { expect, it, vi } from 'vitest'
import { Toaster } from '@/ui/toast'
import { copySelection } from './clipboard'

it('copies what is selected, or says that it may not', async () => {
  const writeText = vi.fn(async () => {})
  vi.stubGlobal('navigator', Object.create(navigator, { clipboard: { value: { writeText } } }))
  render(<Toaster />)
  await copySelection({ getSelection: () => 'chosen' })
  expect(writeText).toHaveBeenCalledWith('chosen')
  writeText.mockRejectedValue(new DOMException('no', 'NotAllowedError'))
  await copySelection({ getSelection: () => 'chosen' })
  expect(await screen.findByText('The browser does not let this page copy')).toBeInTheDocument()
})
