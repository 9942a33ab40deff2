import { screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { expect, it } from 'vitest'
import { renderAt } from '@/testing/render'
import { ORIGIN, refusal, server } from '@/testing/server'
import { PodLogs } from './PodLogs'

const NAMES = { opencode: 'Agent (OpenCode)', files: 'Files', session: 'Session proxy', model: 'Demo model' }

function logs(lines: (part: string) => string[]) {
  const asked: string[] = []
  server.use(
    http.get(`${ORIGIN}/api/projects/project/pod/logs`, ({ request }) => {
      const part = new URL(request.url).searchParams.get('part') ?? ''
      asked.push(part)
      return HttpResponse.json({ part, lines: lines(part) })
    }),
  )
  return asked
}

async function open(parts: (keyof typeof NAMES)[] = ['opencode', 'files', 'model']) {
  renderAt(<PodLogs projectId="project" parts={parts} names={NAMES} />)
  await userEvent.click(screen.getByRole('button', { name: 'Show logs' }))
}

it('reads the log of the part that is chosen, and nothing before it is opened', async () => {
  const asked = logs((part) => [`hello from ${part}`])
  renderAt(<PodLogs projectId="project" parts={['opencode', 'files']} names={NAMES} />)
  expect(asked).toEqual([])
  await userEvent.click(screen.getByRole('button', { name: 'Show logs' }))
  expect(await screen.findByText('hello from opencode')).toBeInTheDocument()
  await userEvent.click(screen.getByRole('combobox', { name: 'Log of' }))
  await userEvent.click(await screen.findByRole('option', { name: 'Files' }))
  expect(await screen.findByText('hello from files')).toBeInTheDocument()
})

it('offers the last logs of the usual parts while nothing runs, and says that there are none', async () => {
  logs(() => [])
  await open([])
  expect(await screen.findByText('Nothing was logged.')).toBeInTheDocument()
  await userEvent.click(screen.getByRole('combobox', { name: 'Log of' }))
  expect((await screen.findAllByRole('option')).map((option) => option.textContent)).toEqual([
    'Agent (OpenCode)',
    'Files',
    'Session proxy',
  ])
})

it('reads again when told to', async () => {
  let said = 'first'
  const asked = logs(() => [said])
  await open()
  expect(await screen.findByText('first')).toBeInTheDocument()
  said = 'second'
  await userEvent.click(screen.getByRole('button', { name: 'Read again' }))
  expect(await screen.findByText('second')).toBeInTheDocument()
  expect(asked.length).toBeGreaterThan(1)
})

it('says why a log cannot be read, and can be hidden', async () => {
  server.use(
    http.get(`${ORIGIN}/api/projects/project/pod/logs`, () => refusal(404, 'There is no such project.')),
  )
  await open()
  expect(await screen.findByRole('alert')).toHaveTextContent('There is no such project.')
  await userEvent.click(screen.getByRole('button', { name: 'Hide' }))
  await waitFor(() => expect(screen.queryByRole('alert')).not.toBeInTheDocument())
})
