import { screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { useState } from 'react'
import { Link } from 'react-router'
import { expect, test } from 'vitest'
import { renderAt } from '@/testing/render'
import { useDiscard, useUnsaved } from './unsaved'

const user = userEvent.setup()

function Form({ name }: { name: string }) {
  const [text, setText] = useState('')
  useUnsaved(text ? `${name} is not saved.` : null)
  return <input aria-label={name} value={text} onChange={(event) => setText(event.target.value)} />
}

function Page() {
  return (
    <>
      <Form name="One" />
      <Form name="Two" />
      <Link to="/page?tab=2">Another tab</Link>
      <Link to="/elsewhere">Elsewhere</Link>
    </>
  )
}

/** Whether the browser asks before it loads the page anew. */
const asks = () => !window.dispatchEvent(new Event('beforeunload', { cancelable: true }))

test('of several forms, each asks before it is left, and says so', async () => {
  const { location } = renderAt(<Page />, { at: '/page', path: '/page' })
  expect(asks()).toBe(false)
  await user.type(screen.getByLabelText('One'), 'a')
  expect(asks()).toBe(true)
  await user.click(screen.getByRole('link', { name: 'Another tab' }))
  expect(location()).toBe('/page?tab=2')
  await user.click(screen.getByRole('link', { name: 'Elsewhere' }))
  expect(await screen.findByText('One is not saved.')).toBeInTheDocument()
  await user.click(screen.getByRole('button', { name: 'Cancel' }))
  expect(location()).toBe('/page?tab=2')
  await user.type(screen.getByLabelText('Two'), 'b')
  await user.click(screen.getByRole('link', { name: 'Elsewhere' }))
  expect(await screen.findByText('One is not saved. Two is not saved.')).toBeInTheDocument()
  await user.click(screen.getByRole('button', { name: 'Leave' }))
  await waitFor(() => expect(location()).toBe('/elsewhere'))
  expect(asks()).toBe(false)
})

test('a form that was emptied or saved asks nothing', async () => {
  const { location } = renderAt(<Page />, { at: '/page', path: '/page' })
  await user.type(screen.getByLabelText('One'), 'a{Backspace}')
  expect(asks()).toBe(false)
  await user.click(screen.getByRole('link', { name: 'Elsewhere' }))
  expect(location()).toBe('/elsewhere')
})

function Asked() {
  const close = useDiscard({ dirty: true, busy: false, onClose: () => {}, parameter: 'new' })
  return (
    <>
      <Link to="/page">Back</Link>
      <button type="button" onClick={close}>
        Close
      </button>
    </>
  )
}

test('a dialog that lives in the address asks also when only that changes, and never twice', async () => {
  const { location } = renderAt(<Asked />, { at: '/page?new', path: '/page' })
  await user.click(screen.getByRole('link', { name: 'Back' }))
  await user.click(await screen.findByRole('button', { name: 'Cancel' }))
  expect(location()).toBe('/page?new')
  await user.click(screen.getByRole('button', { name: 'Close' }))
  await user.click(await screen.findByRole('button', { name: 'Discard' }))
  await user.click(screen.getByRole('link', { name: 'Back' }))
  expect(location()).toBe('/page')
})
