import { screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { expect, test, vi } from 'vitest'
import { aTask } from '@/testing/builders'
import { renderAt } from '@/testing/render'
import { gives, ORIGIN, page, server } from '@/testing/server'
import { NewCardDialog } from './NewCardDialog'

const user = userEvent.setup()
const NOW = '2026-01-01T12:00:00Z'

function template(name: string, title: string, description: string) {
  return { id: name, project_id: 'p', name, title, description, created_at: NOW, updated_at: NOW }
}

function show() {
  const onClose = vi.fn()
  server.use(
    gives(
      '/projects/p/templates',
      page([template('Bug', 'Fix: ', 'What happens:'), template('Idea', 'Try: ', 'Why:')]),
    ),
  )
  renderAt(<NewCardDialog projectId="p" onClose={onClose} onCreated={vi.fn()} />)
  return onClose
}

async function choose(name: string) {
  await user.click(await screen.findByRole('button', { name: 'From template' }))
  await user.click(await screen.findByRole('menuitem', { name }))
}

test('a template fills an empty card at once', async () => {
  show()
  await choose('Bug')
  expect(screen.getByLabelText('Title')).toHaveValue('Fix: ')
  expect(screen.getByLabelText('What the agent should do')).toHaveValue('What happens:')
})

test('what was written is replaced only after a yes', async () => {
  show()
  await user.type(screen.getByLabelText('Title'), 'Mine')
  await choose('Idea')
  await user.click(await screen.findByRole('button', { name: 'Cancel' }))
  expect(screen.getByLabelText('Title')).toHaveValue('Mine')
  await choose('Idea')
  await user.click(await screen.findByRole('button', { name: 'Use template' }))
  expect(screen.getByLabelText('Title')).toHaveValue('Try: ')
})

test('one template follows another unasked, until something was written', async () => {
  show()
  await choose('Bug')
  await choose('Idea')
  expect(screen.getByLabelText('Title')).toHaveValue('Try: ')
  await user.type(screen.getByLabelText('What the agent should do'), ' because')
  await choose('Bug')
  expect(await screen.findByRole('alertdialog')).toBeInTheDocument()
})

test('what was written is thrown away only after a yes', async () => {
  const onClose = show()
  await user.type(screen.getByLabelText('Title'), 'Mine{Escape}')
  await user.click(await screen.findByRole('button', { name: 'Cancel' }))
  expect(screen.getByLabelText('Title')).toHaveValue('Mine')
  expect(onClose).not.toHaveBeenCalled()
  await user.click(screen.getByRole('button', { name: 'Close' }))
  await user.click(await screen.findByRole('button', { name: 'Discard' }))
  await waitFor(() => expect(onClose).toHaveBeenCalledOnce())
})

test('a card in which nothing was written, or only a template stands, is closed at once', async () => {
  const onClose = show()
  await choose('Bug')
  await user.keyboard('{Escape}')
  expect(onClose).toHaveBeenCalledOnce()
})

test('a card is made with the files that it is about', async () => {
  show()
  const made: unknown[] = []
  server.use(
    http.post(`${ORIGIN}/api/projects/p/tasks`, async ({ request }) => {
      made.push(await request.json())
      return HttpResponse.json(aTask({ id: 't' }), { status: 201 })
    }),
  )
  await choose('Bug')
  await user.type(screen.getByLabelText('Files this is about'), 'src/a.py')
  await user.click(screen.getByRole('button', { name: 'Create' }))
  await waitFor(() =>
    expect(made).toEqual([{ title: 'Fix:', description: 'What happens:', file_references: ['src/a.py'] }]),
  )
})
