import { screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { beforeEach, expect, it } from 'vitest'
import { aProject } from '@/testing/builders'
import { renderAt } from '@/testing/render'
import { gives, ORIGIN, refusal, server } from '@/testing/server'
import { PodForm } from './PodForm'

const project = aProject({ id: 'project', idle_stop_seconds: 45, max_concurrent_runs: 2 })

const OFFERED = {
  memory_mb: 2048,
  memory_mb_max: 4096,
  cpu_limit: null,
  cpu_limit_max: 2,
  enforcement: 'Looked at each second.',
}

beforeEach(() => server.use(gives('/resources', OFFERED)))

function saves(answer: () => Response = () => HttpResponse.json(project as never)) {
  const bodies: unknown[] = []
  server.use(
    http.patch(`${ORIGIN}/api/projects/project`, async ({ request }) => {
      bodies.push(await request.json())
      return answer()
    }),
  )
  return bodies
}

async function choose(label: string, option: string) {
  await userEvent.click(screen.getByLabelText(label))
  await userEvent.click(await screen.findByRole('option', { name: option }))
}

it('shows what is set, also what no choice offers', () => {
  renderAt(<PodForm project={project} />)
  expect(screen.getByLabelText('Stops when idle')).toHaveTextContent('After 45 seconds')
  expect(screen.getByLabelText('Cards at work at once')).toHaveTextContent('2 runs')
})

it('saves each choice', async () => {
  const bodies = saves()
  renderAt(<PodForm project={project} />)
  await choose('Stops when idle', 'Never')
  await waitFor(() => expect(bodies).toEqual([{ idle_stop_seconds: 0 }]))
  await choose('Stops when idle', 'As the operator set it')
  await choose('Cards at work at once', '3 runs')
  await waitFor(() =>
    expect(bodies.slice(1)).toEqual([{ idle_stop_seconds: null }, { max_concurrent_runs: 3 }]),
  )
})

it('puts back what the server has when it refuses', async () => {
  saves(() => refusal(409, 'This project is archived.') as Response)
  renderAt(<PodForm project={project} />)
  await choose('Cards at work at once', '3 runs')
  expect(await screen.findByText('This project is archived.')).toBeInTheDocument()
  expect(screen.getByLabelText('Cards at work at once')).toHaveTextContent('2 runs')
})

async function offered(label: string) {
  await userEvent.click(screen.getByLabelText(label))
  return (await screen.findAllByRole('option')).map((option) => option.textContent)
}

it('offers what the operator allows, and says how it is enforced and from when', async () => {
  renderAt(<PodForm project={project} />)
  expect(
    await screen.findByText(/until it is stopped and started again. Looked at each second./),
  ).toBeVisible()
  expect(await offered('Memory')).toEqual([
    'As the operator set it (2.0 GB)',
    '1.0 GB',
    '1.5 GB',
    '2.0 GB',
    '3.0 GB',
    '4.0 GB',
  ])
  await userEvent.keyboard('{Escape}')
  expect(await offered('Processors')).toEqual([
    'As the operator set it (no limit)',
    '1 processor',
    '2 processors',
  ])
})

it('saves what the workspace may use, and takes it back', async () => {
  const bodies = saves()
  renderAt(<PodForm project={aProject({ id: 'project', memory_mb: 700, cpu_limit: 0.5 })} />)
  expect(screen.getByLabelText('Memory')).toHaveTextContent('700.0 MB')
  expect(screen.getByLabelText('Processors')).toHaveTextContent('0.5 processors')
  await choose('Memory', '3.0 GB')
  await choose('Processors', 'As the operator set it (no limit)')
  await waitFor(() => expect(bodies).toEqual([{ memory_mb: 3072 }, { cpu_limit: null }]))
})
