import { screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { expect, it } from 'vitest'
import { aProject } from '@/testing/builders'
import { renderAt } from '@/testing/render'
import { ORIGIN, refusal, server } from '@/testing/server'
import { PodForm } from './PodForm'

const project = aProject({ id: 'project', idle_stop_seconds: 45, max_concurrent_runs: 2 })

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
