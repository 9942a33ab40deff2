import { act, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { Link, useNavigate } from 'react-router'
import { expect, test } from 'vitest'
import { renderAt } from '@/testing/render'
import { useSearchState } from './useSearchState'

interface Sought {
  q: string
}

const read = (search: URLSearchParams): Sought => ({ q: search.get('q') ?? '' })

function write(search: URLSearchParams, { q }: Sought): URLSearchParams {
  search.delete('q')
  if (q.trim()) search.set('q', q)
  return search
}

let go: (address: string) => unknown

function Page() {
  const [{ q }, change] = useSearchState(read, write)
  go = useNavigate()
  return (
    <>
      <input aria-label="Search" value={q} onChange={(event) => change({ q: event.target.value })} />
      <Link to="/">Everything</Link>
      <Link to="/?tab=two&q=saved">Saved</Link>
    </>
  )
}

const box = () => screen.getByLabelText('Search')

test('a link to the same page is taken over, and typing goes on from there', async () => {
  const at = renderAt(<Page />, { at: '/?q=door' })
  expect(box()).toHaveValue('door')
  await userEvent.click(screen.getByRole('link', { name: 'Everything' }))
  await waitFor(() => expect(box()).toHaveValue(''))
  await userEvent.click(screen.getByRole('link', { name: 'Saved' }))
  await waitFor(() => expect(box()).toHaveValue('saved'))
  await userEvent.type(box(), '!')
  await waitFor(() => expect(at.location()).toBe('/?tab=two&q=saved%21'))
  expect(box()).toHaveValue('saved!')
})

test('what was typed and cleared again by a link is typed anew', async () => {
  const at = renderAt(<Page />)
  for (const word of ['door', 'door', 'hinge']) {
    await userEvent.type(box(), word)
    await waitFor(() => expect(at.location()).toBe(`/?q=${word}`))
    expect(box()).toHaveValue(word)
    await userEvent.click(screen.getByRole('link', { name: 'Everything' }))
    await waitFor(() => expect(box()).toHaveValue(''))
  }
})

test('letters that were typed before the address followed are not lost', async () => {
  const at = renderAt(<Page />)
  await userEvent.type(box(), 'a long sentence ', { delay: null })
  expect(box()).toHaveValue('a long sentence ')
  await waitFor(() => expect(at.location()).toBe('/?q=a+long+sentence+'))
  expect(box()).toHaveValue('a long sentence ')
})

test('another part of the address leaves the field alone', async () => {
  renderAt(<Page />)
  await userEvent.type(box(), ' ')
  act(() => void go('/?tab=three'))
  expect(box()).toHaveValue(' ')
  await userEvent.type(box(), 'door')
  expect(box()).toHaveValue(' door')
})
