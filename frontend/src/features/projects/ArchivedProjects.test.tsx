import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { expect, test } from 'vitest'
import { aProject } from '@/testing/builders'
import { renderAt } from '@/testing/render'
import { ORIGIN, page, refusal, server } from '@/testing/server'
import { ArchivedProjects } from './ArchivedProjects'

function serve(restored: () => Response) {
  const asked: (string | null)[] = []
  let away = [aProject({ id: 'old', name: 'Old shop', archived_at: '2026-01-01T00:00:00Z' })]
  server.use(
    http.get(`${ORIGIN}/api/projects`, ({ request }) => {
      asked.push(new URL(request.url).searchParams.get('status'))
      return HttpResponse.json(page(away) as never)
    }),
    http.post(`${ORIGIN}/api/projects/old/restore`, () => {
      const answer = restored()
      if (answer.ok) away = []
      return answer
    }),
  )
  return asked
}

test('an archived project is shown and restored', async () => {
  const asked = serve(() => HttpResponse.json(aProject({ id: 'old' })) as Response)
  renderAt(<ArchivedProjects />)
  await userEvent.click(await screen.findByRole('button', { name: 'Restore Old shop' }))
  await waitFor(() => expect(screen.queryByText('Old shop')).not.toBeInTheDocument())
  expect(new Set(asked)).toEqual(new Set(['archived']))
})

test('a refusal is told, and the project stays in the list', async () => {
  serve(() => refusal(409, 'Not now.') as Response)
  renderAt(<ArchivedProjects />)
  await userEvent.click(await screen.findByRole('button', { name: 'Restore Old shop' }))
  expect(await screen.findByText('Not now.')).toBeInTheDocument()
  expect(screen.getByText('Old shop')).toBeInTheDocument()
})

test('an archived project can be opened', async () => {
  serve(() => HttpResponse.json({}) as Response)
  renderAt(<ArchivedProjects />)
  expect(await screen.findByRole('link', { name: 'Old shop' })).toHaveAttribute('href', '/p/website')
})

test('it is deleted once its name was typed', async () => {
  serve(() => HttpResponse.json({}) as Response)
  const deleted: string[] = []
  server.use(
    http.delete(`${ORIGIN}/api/projects/:id`, ({ params }) => {
      deleted.push(String(params.id))
      return new HttpResponse(null, { status: 202 })
    }),
  )
  renderAt(<ArchivedProjects />)
  await userEvent.click(await screen.findByRole('button', { name: 'Delete Old shop…' }))
  const dialog = await screen.findByRole('dialog', { name: 'Delete Old shop?' })
  const button = within(dialog).getByRole('button', { name: 'Delete project' })
  expect(button).toBeDisabled()
  await userEvent.type(within(dialog).getByRole('textbox'), 'Old shop')
  await userEvent.click(button)
  expect(await screen.findByText('Deleted “Old shop”')).toBeInTheDocument()
  expect(deleted).toEqual(['old'])
  await waitFor(() => expect(screen.queryByRole('link')).not.toBeInTheDocument())
})
