import { act, fireEvent, screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { describe, expect, it } from 'vitest'
import type { Bulk, Task } from '@/api/types'
import { aRun, aTask, STATES } from '@/testing/builders'
import { renderAt } from '@/testing/render'
import { gives, ORIGIN, page, refusal, server } from '@/testing/server'
import { Board } from './Board'
import { placeAmongAll } from './model'

const URL_ = `${ORIGIN}/api/projects/p/tasks`
const user = userEvent.setup()

const CARDS = [
  aTask({ id: 'a', title: 'Paint the door', description: 'In green' }),
  aTask({ id: 'b', title: 'Oil the hinges', attention: 'question', status: 'human_review' }),
  aTask({ id: 'c', title: 'Sand the door', status: 'human_review', run: aRun({ status: 'failed' }) }),
  aTask({ id: 'd', title: 'Order screws', run: null }),
]

/** A server that does what is asked in bulk, except what it refuses. */
function serve(refused: Record<string, string> = {}) {
  const asked: Bulk[] = []
  let cards: Task[] = CARDS
  let gone: Task[] = []
  const before = new Map(CARDS.map(({ id, status }) => [id, status]))
  server.use(
    gives('/states', STATES),
    gives('/projects', page([])),
    gives('/attention', page([])),
    http.get(URL_, () => HttpResponse.json(page(cards))),
    http.post(`${URL_}/bulk`, async ({ request }) => {
      const wish = (await request.json()) as Bulk
      asked.push(wish)
      const mine = (id: string) => wish.ids.includes(id) && !refused[id]
      if (wish.action === 'delete') {
        gone = cards.filter(({ id }) => mine(id))
        cards = cards.filter(({ id }) => !mine(id))
      } else if (wish.action === 'restore') cards = [...cards, ...gone]
      else {
        const to = (id: string) => wish.status ?? before.get(id)
        cards = cards.map((task) => (mine(task.id) ? { ...task, status: to(task.id) ?? 'todo' } : task))
      }
      const results = wish.ids.map((id) => ({
        id,
        task: cards.find((task) => task.id === id) ?? null,
        error: refused[id] ? { type: 'conflict', message: refused[id] } : null,
      }))
      return HttpResponse.json({ results })
    }),
  )
  return asked
}

const show = (search = '') =>
  renderAt(<Board projectId="p" baseUrl="/p/website" openId={null} />, {
    at: `/p/website${search}`,
    path: '/p/:project/*',
  })
const titles = () => screen.queryAllByRole('article').map((card) => card.getAttribute('aria-label'))
const column = (name: string) =>
  within(screen.getByRole('region', { name }))
    .queryAllByRole('article')
    .map((card) => card.getAttribute('aria-label'))

describe('searching', () => {
  it('shows the cards with all words, and the address says so', async () => {
    serve()
    const at = show()
    await screen.findByRole('article', { name: 'Order screws' })
    await user.keyboard('/')
    expect(screen.getByLabelText('Search the cards')).toHaveFocus()
    await user.keyboard('DOOR green')
    expect(titles()).toEqual(['Paint the door'])
    expect(screen.getByText('1 of 4 cards')).toBeInTheDocument()
    await waitFor(() => expect(at.location()).toBe('/p/website?q=DOOR+green'))
    const link = screen.getByRole('link', { name: 'Paint the door' })
    expect(link).toHaveAttribute('href', '/p/website/t/a?q=DOOR+green')
    await user.click(screen.getByRole('button', { name: 'Clear' }))
    expect(titles()).toHaveLength(4)
    await waitFor(() => expect(at.location()).toBe('/p/website'))
  })

  it.each([
    ['?show=needs', ['Oil the hinges']],
    ['?show=failed', ['Sand the door']],
    ['?show=needs&q=hinges', ['Oil the hinges']],
    ['?show=nonsense', CARDS.map(({ title }) => title)],
  ])('begins as the address says: %s', async (search, expected) => {
    serve()
    show(search)
    await screen.findByRole('article', { name: expected[0] ?? '' })
    expect(titles().sort()).toEqual([...expected].sort())
  })

  it('says when nothing fits, and the way back', async () => {
    serve()
    show('?q=nowhere')
    expect(await screen.findByText('No card fits')).toBeInTheDocument()
    await user.click(screen.getByRole('button', { name: 'Show all cards' }))
    expect(titles()).toHaveLength(4)
  })

  it('does not disturb where a card is put among those that are hidden', () => {
    const [one, two, three, moved] = ['1', '2', '3', 'm'].map((id) => aTask({ id }))
    const all = [one, two, three, moved] as Task[]
    const place = (shown: (Task | undefined)[], index: number) =>
      placeAmongAll(all, shown as Task[], moved as Task, 'todo', index)
    expect(place([two, moved], 0)).toBe(1)
    expect(place([two, moved], 1)).toBe(2)
    expect(place([moved], 0)).toBe(3)
    expect(place([one, two, three, moved], Number.POSITIVE_INFINITY)).toBe(3)
  })
})

describe('many cards at once', () => {
  /** Notices outlive the test that caused them. */
  const undo = async (notice: string) => {
    const toast = (await screen.findByText(notice)).closest<HTMLElement>('[data-sonner-toast]')
    await user.click(within(toast as HTMLElement).getByRole('button', { name: 'Undo' }))
  }
  const chosen = () => screen.getByRole('region', { name: 'Selected cards' })
  const choose = async (...names: string[]) => {
    await user.click(await screen.findByRole('button', { name: 'Select cards' }))
    for (const name of names) await user.click(screen.getByRole('checkbox', { name: `Select ${name}` }))
  }
  const moveTo = async (name: string) => {
    await user.click(screen.getByRole('button', { name: 'Move to…' }))
    const item = await screen.findByRole('menuitem', { name })
    act(() => item.focus())
    await user.keyboard('{Enter}')
  }

  it('are moved together, and back by undo', async () => {
    const asked = serve()
    show()
    await choose('Oil the hinges', 'Sand the door')
    expect(chosen()).toHaveTextContent('2 cards selected')
    await moveTo('Done')
    await waitFor(() => expect(column('Done')).toEqual(['Oil the hinges', 'Sand the door']))
    expect(screen.queryByRole('region', { name: 'Selected cards' })).not.toBeInTheDocument()
    await undo('Moved 2 cards to Done')
    await waitFor(() => expect(column('Human review')).toEqual(['Oil the hinges', 'Sand the door']))
    expect(asked.map(({ action, ids, status }) => [action, ids, status])).toEqual([
      ['move', ['b', 'c'], 'done'],
      ['undo', ['b', 'c'], undefined],
    ])
  })

  it('are deleted together, told of one by one where refused, and restored', async () => {
    const asked = serve({ d: 'It is running.' })
    show()
    await choose('Paint the door', 'Order screws')
    await user.click(screen.getByRole('button', { name: 'Delete' }))
    await waitFor(() => expect(titles()).not.toContain('Paint the door'))
    expect(await screen.findByText('“Order screws”: It is running.')).toBeInTheDocument()
    expect(screen.getByText('1 card stayed as before')).toBeInTheDocument()
    await undo('Deleted 1 card')
    await waitFor(() => expect(titles()).toContain('Paint the door'))
    expect(asked.at(-1)).toEqual({ ids: ['a'], action: 'restore' })
  })

  it('are chosen no more when the undo comes before the cards were read again', async () => {
    serve()
    show()
    await choose('Oil the hinges', 'Sand the door')
    // The list is slow from here on.
    server.use(http.get(URL_, () => new Promise<never>(() => {})))
    await moveTo('Done')
    await undo('Moved 2 cards to Done')
    expect(await screen.findByText('Moved 2 cards back')).toBeInTheDocument()
    expect(screen.queryByRole('region', { name: 'Selected cards' })).not.toBeInTheDocument()
  })

  it('stay chosen when they could not be changed', async () => {
    serve()
    server.use(http.post(`${URL_}/bulk`, () => refusal(500, 'The disk is full.')))
    show()
    await choose('Oil the hinges', 'Sand the door')
    await moveTo('Done')
    expect(await screen.findByText('The disk is full.')).toBeInTheDocument()
    expect(screen.getByRole('checkbox', { name: 'Select Oil the hinges' })).toBeChecked()
    expect(chosen()).toHaveTextContent('2 cards selected')
  })

  it('are chosen by key: x, Shift with an arrow, and Escape for none', async () => {
    serve()
    show()
    const link = await screen.findByRole('link', { name: 'Oil the hinges' })
    act(() => link.focus())
    await user.keyboard('x')
    expect(screen.getByRole('checkbox', { name: 'Select Oil the hinges' })).toBeChecked()
    await user.keyboard('{Shift>}{ArrowDown}{/Shift}')
    expect(screen.getByRole('checkbox', { name: 'Select Sand the door' })).toBeChecked()
    expect(screen.getByRole('link', { name: 'Sand the door' })).toHaveFocus()
    await user.keyboard('{Escape}')
    expect(screen.queryByRole('checkbox')).not.toBeInTheDocument()
  })

  it('are chosen by Shift and a click, without opening the card', async () => {
    serve()
    const at = show()
    fireEvent.click(await screen.findByRole('link', { name: 'Paint the door' }), { shiftKey: true })
    fireEvent.click(screen.getByRole('link', { name: 'Order screws' }), { shiftKey: true })
    expect(chosen()).toHaveTextContent('2 cards selected')
    expect(at.location()).toBe('/p/website')
  })

  it('are only those that are shown', async () => {
    const asked = serve()
    show()
    await choose('Paint the door', 'Order screws')
    await user.type(screen.getByLabelText('Search the cards'), 'screws')
    expect(chosen()).toHaveTextContent('1 card selected')
    await user.click(screen.getByRole('button', { name: 'Delete' }))
    await waitFor(() => expect(asked).toEqual([{ ids: ['d'], action: 'delete' }]))
  })
})
