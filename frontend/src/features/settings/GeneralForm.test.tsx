import { screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { useState } from 'react'
import { Link } from 'react-router'
import { expect, test } from 'vitest'
import type { ProjectPatch } from '@/api/types'
import { aProject } from '@/testing/builders'
import { renderAt } from '@/testing/render'
import { ORIGIN, server } from '@/testing/server'
import { GeneralForm } from './GeneralForm'

const user = userEvent.setup()
const PROJECT = aProject({ id: 'p', name: 'Shop', description: 'Tea' })

function Page() {
  const [project, setProject] = useState(PROJECT)
  server.use(
    http.patch(`${ORIGIN}/api/projects/p`, async ({ request }) => {
      setProject({ ...project, ...((await request.json()) as ProjectPatch) } as typeof project)
      return HttpResponse.json(project)
    }),
  )
  return (
    <>
      <GeneralForm project={project} />
      <button type="button" onClick={() => setProject({ ...project, description: 'Tea and cake' })}>
        Another person
      </button>
      <Link to="/elsewhere">Elsewhere</Link>
    </>
  )
}

const leave = () => user.click(screen.getByRole('link', { name: 'Elsewhere' }))

test('asks before a changed form is left, until it is saved', async () => {
  const { location } = renderAt(<Page />, { at: '/page', path: '/page' })
  await user.type(screen.getByLabelText('Name'), 's')
  await leave()
  expect(await screen.findByText(/name or description of the project/)).toBeInTheDocument()
  await user.click(screen.getByRole('button', { name: 'Cancel' }))
  expect(screen.getByLabelText('Name')).toHaveValue('Shops')
  await user.click(screen.getByRole('button', { name: 'Save' }))
  expect(await screen.findByText('Saved')).toBeInTheDocument()
  await waitFor(() => expect(screen.getByRole('button', { name: 'Save' })).toBeDisabled())
  await leave()
  await waitFor(() => expect(location()).toBe('/elsewhere'))
})

test('what another person changed is no change of one’s own', async () => {
  const { location } = renderAt(<Page />, { at: '/page', path: '/page' })
  await user.click(screen.getByRole('button', { name: 'Another person' }))
  expect(screen.getByLabelText('Description')).toHaveValue('Tea and cake')
  await leave()
  expect(location()).toBe('/elsewhere')
})
