import { screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test, vi } from 'vitest'
import { aTask } from '@/testing/builders'
import { renderAt } from '@/testing/render'
import { gives, page, server } from '@/testing/server'
import { CardDialog } from './CardDialog'

const user = userEvent.setup()
const NOW = '2026-01-01T12:00:00Z'

function template(name: string, title: string, description: string) {
  return { id: name, project_id: 'p', name, title, description, created_at: NOW, updated_at: NOW }
}

function show(task = null as ReturnType<typeof aTask> | null) {
  server.use(
    gives(
      '/projects/p/templates',
      page([template('Bug', 'Fix: ', 'What happens:'), template('Idea', 'Try: ', 'Why:')]),
    ),
  )
  renderAt(<CardDialog projectId="p" task={task} onClose={vi.fn()} onCreated={vi.fn()} />)
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

test('a card that exists is not filled', async () => {
  show(aTask({ title: 'Old' }))
  expect(await screen.findByDisplayValue('Old')).toBeInTheDocument()
  expect(screen.queryByRole('button', { name: 'From template' })).not.toBeInTheDocument()
})
