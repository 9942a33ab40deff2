import { screen } from '@testing-library/react'
import { expect, it } from 'vitest'
import type { Diff } from '@/api/types'
import { renderAt } from '@/testing/render'
import { gives, server } from '@/testing/server'
import { aSession } from '../testing/builders'
import { ChangesTab } from './ChangesTab'

function show(diff: Partial<Diff>, status: 'running' | 'completed') {
  const none: Diff = { session_id: 'session-1', live: false, known: true, files: [] }
  server.use(gives('/projects/project/tasks/task/diff', { ...none, ...diff }))
  renderAt(<ChangesTab projectId="project" taskId="task" run={aSession({ status })} touched={0} />, {
    at: '/p/website/t/task',
    path: '/p/:project/t/:task',
  })
}

it.each([
  [true, 'completed', 'No file was changed'],
  [true, 'running', 'Nothing changed yet'],
  [false, 'completed', 'What this run changed is not known'],
  [false, 'running', 'What it has changed so far is not known'],
] as const)('no files, known: %j, of a run that is %s: “%s”', async (known, status, title) => {
  show({ known }, status)
  expect(await screen.findByText(title)).toBeInTheDocument()
})

it('what is not known can be looked for in the files', async () => {
  show({ known: false }, 'completed')
  expect(await screen.findByRole('link', { name: 'Open the files' })).toHaveAttribute(
    'href',
    '/p/website/files',
  )
})
