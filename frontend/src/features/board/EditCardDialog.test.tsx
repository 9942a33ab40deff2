import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { beforeEach, expect, test, vi } from 'vitest'
import { aTask } from '@/testing/builders'
import { renderAt } from '@/testing/render'
import { ORIGIN, refusal, server } from '@/testing/server'
import { EditCardDialog } from './EditCardDialog'

const user = userEvent.setup()

/** The card as the server has it. */
let there: { title: string; description: string; file_references: string[]; version: number }
let versions: (string | null)[]

beforeEach(() => {
  there = { title: 'Old', description: 'text', file_references: [], version: 7 }
  versions = []
  server.use(
    http.patch(`${ORIGIN}/api/projects/p/tasks/t`, async ({ request }) => {
      versions.push(request.headers.get('if-match'))
      const { version, ...current } = there
      if (versions.at(-1) !== `"${version}"`) return refusal(409, 'changed', { version, current })
      there = { ...there, ...((await request.json()) as typeof current), version: version + 1 }
      return HttpResponse.json(aTask({ id: 't', ...there }))
    }),
  )
})

function show() {
  const onClose = vi.fn()
  const task = aTask({ id: 't', title: 'Old', description: 'text', version: 7 })
  const { unmount } = renderAt(<EditCardDialog projectId="p" task={task} onClose={onClose} />)
  return { onClose, unmount }
}

const title = () => screen.getByLabelText('Title')
const save = () => user.click(screen.getByRole('button', { name: 'Save' }))

test('a card that was only moved meanwhile is saved all the same', async () => {
  const { onClose } = show()
  there.version = 9
  await user.type(title(), 'er')
  await save()
  await waitFor(() => expect(onClose).toHaveBeenCalledOnce())
  expect(versions).toEqual(['"7"', '"9"'])
  expect(there).toMatchObject({ title: 'Older', description: 'text' })
})

test('when somebody else changed its texts, both are shown and one may keep one’s own', async () => {
  const { onClose } = show()
  there = { title: 'Theirs', description: 'their text', file_references: ['their/file'], version: 9 }
  await user.type(title(), 'er')
  await save()
  const clash = within(await screen.findByRole('alert'))
  expect(clash.getByText('their text')).toBeInTheDocument()
  expect(clash.getByText('their/file')).toBeInTheDocument()
  expect(title()).toHaveValue('Older')
  await user.click(clash.getByRole('button', { name: 'Keep mine' }))
  await waitFor(() => expect(onClose).toHaveBeenCalledOnce())
  expect(there).toMatchObject({ title: 'Older', description: 'text' })
})

test('or take theirs', async () => {
  const { onClose } = show()
  there = { title: 'Theirs', description: 'their text', file_references: ['their/file'], version: 9 }
  await user.type(title(), 'er')
  await save()
  await user.click(await screen.findByRole('button', { name: 'Take theirs' }))
  expect(onClose).toHaveBeenCalledOnce()
  expect(there.title).toBe('Theirs')
  expect(sessionStorage).toHaveLength(0)
})

test('what was changed is thrown away only after a yes', async () => {
  const { onClose } = show()
  await user.type(title(), 'er{Escape}')
  await user.click(await screen.findByRole('button', { name: 'Cancel' }))
  expect(title()).toHaveValue('Older')
  await user.type(title(), '{Escape}')
  await user.click(await screen.findByRole('button', { name: 'Discard' }))
  await waitFor(() => expect(onClose).toHaveBeenCalledOnce())
  expect(sessionStorage).toHaveLength(0)
})

test('what is lost with the page is there again', async () => {
  const first = show()
  await user.type(title(), 'er')
  first.unmount()
  show()
  expect(title()).toHaveValue('Older')
})

test('an unchanged card is closed at once and not sent, and none is saved without a title', async () => {
  const { onClose } = show()
  await save()
  expect(onClose).toHaveBeenCalledOnce()
  await user.clear(title())
  await save()
  expect(await screen.findByText('A card needs a title.')).toBeInTheDocument()
  expect(versions).toEqual([])
})

test('files are named one in a line, each once', async () => {
  const { onClose } = show()
  await user.type(
    screen.getByLabelText('Files this is about'),
    ' a b.txt{Enter}{Enter}src/c.py{Enter}a b.txt',
  )
  await save()
  await waitFor(() => expect(onClose).toHaveBeenCalledOnce())
  expect(there.file_references).toEqual(['a b.txt', 'src/c.py'])
})
