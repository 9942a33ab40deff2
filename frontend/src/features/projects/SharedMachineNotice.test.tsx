import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test } from 'vitest'
import { SharedMachineNotice } from './SharedMachineNotice'

test('where several people share one account, it says so and explains on request', async () => {
  render(<SharedMachineNotice shared />)
  expect(screen.getByRole('note')).toHaveTextContent('run as the account of this server')
  const more = screen.getByRole('group')
  expect(more).not.toHaveAttribute('open')
  await userEvent.click(screen.getByText('What this means'))
  expect(more).toHaveAttribute('open')
  expect(more).toHaveTextContent('must not see')
})

test('on a machine of one’s own it says nothing', () => {
  const { container } = render(<SharedMachineNotice shared={false} />)
  expect(container).toBeEmptyDOMElement()
})
