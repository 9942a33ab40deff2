import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { expect, test } from 'vitest'
import type { NewTemplate, Template } from '@/api/types'
import { renderAt } from '@/testing/render'
import { gives, ORIGIN, page, refusal, server } from '@/testing/server'
import { Templates } from './Templates'

const user = userEvent.setup()
const BASE = `${ORIGIN}/api/projects/p/templates`
const NOW = '2026-01-01T12:00:00Z'
const BUG: Template = {
  id: 't1',
  project_id: 'p',
  name: 'Bug report',
  title: 'Fix: ',
  description: 'What happens:',
  created_at: NOW,
  updated_at: NOW,
}

function serve(...start: Template[]) {
  let rows = start
  server.use(
    http.get(BASE, () => HttpResponse.json(page(rows))),
    http.post(BASE, async ({ request }) => {
      const body = (await request.json()) as NewTemplate
      if (rows.some((row) => row.name === body.name)) {
        return refusal(409, 'A template of this project has that name already.', { field: 'name' })
      }
      rows = [...rows, { ...BUG, id: `t${rows.length + 1}`, ...body } as Template]
      return HttpResponse.json(rows.at(-1), { status: 201 })
    }),
    http.patch(`${BASE}/:id`, async ({ params, request }) => {
      const body = (await request.json()) as Partial<Template>
      rows = rows.map((row) => (row.id === params.id ? { ...row, ...body } : row))
      return HttpResponse.json(rows.find((row) => row.id === params.id))
    }),
    http.delete(`${BASE}/:id`, ({ params }) => {
      rows = rows.filter((row) => row.id !== params.id)
      return new HttpResponse(null, { status: 204 })
    }),
  )
  return () => rows
}

const names = () =>
  screen.queryAllByRole('listitem').map((item) => item.querySelector('span span')?.textContent)

test('a template is made, needs a name, and its name is its own', async () => {
  const rows = serve(BUG)
  renderAt(<Templates projectId="p" />)
  await user.click(await screen.findByRole('button', { name: 'New template' }))
  await user.click(screen.getByRole('button', { name: 'Save template' }))
  expect(await screen.findByText('A template needs a name.')).toBeInTheDocument()
  await user.type(screen.getByLabelText('Name'), 'Bug report')
  await user.click(screen.getByRole('button', { name: 'Save template' }))
  expect(await screen.findByText(/has that name already/)).toBeInTheDocument()
  expect(screen.getByLabelText('Name')).toBeInvalid()
  await user.clear(screen.getByLabelText('Name'))
  await user.type(screen.getByLabelText('Name'), 'Feature')
  await user.type(screen.getByLabelText('What the agent should do'), 'Build it.')
  await user.click(screen.getByRole('button', { name: 'Save template' }))
  await waitFor(() => expect(names()).toEqual(['Bug report', 'Feature']))
  expect(rows().at(-1)).toMatchObject({ name: 'Feature', title: '', description: 'Build it.' })
})

test('a template is changed', async () => {
  const rows = serve(BUG)
  renderAt(<Templates projectId="p" />)
  await user.click(await screen.findByRole('button', { name: 'Edit Bug report' }))
  const dialog = within(await screen.findByRole('dialog', { name: 'Edit template' }))
  expect(dialog.getByLabelText('What the agent should do')).toHaveValue('What happens:')
  await user.type(dialog.getByLabelText('Title of the card'), 'crash')
  await user.click(dialog.getByRole('button', { name: 'Save template' }))
  expect(await screen.findByText('Fix: crash')).toBeInTheDocument()
  expect(rows()[0]?.name).toBe('Bug report')
})

test('what was written of a template is thrown away only after a yes', async () => {
  serve(BUG)
  renderAt(<Templates projectId="p" />)
  await user.click(await screen.findByRole('button', { name: 'Edit Bug report' }))
  await user.keyboard('{Escape}')
  expect(screen.queryByRole('dialog')).not.toBeInTheDocument()
  await user.click(screen.getByRole('button', { name: 'Edit Bug report' }))
  await user.type(await screen.findByLabelText('What the agent should do'), ' It burns.{Escape}')
  const ask = within(await screen.findByRole('alertdialog'))
  await user.click(ask.getByRole('button', { name: 'Cancel' }))
  expect(screen.getByLabelText('What the agent should do')).toHaveValue('What happens: It burns.')
  await user.click(screen.getByRole('button', { name: 'Cancel' }))
  await user.click(await screen.findByRole('button', { name: 'Discard' }))
  await waitFor(() => expect(screen.queryByRole('dialog')).not.toBeInTheDocument())
})

test('a template is deleted only after a yes', async () => {
  const rows = serve(BUG)
  renderAt(<Templates projectId="p" />)
  await user.click(await screen.findByRole('button', { name: 'Delete Bug report' }))
  await user.click(await screen.findByRole('button', { name: 'Cancel' }))
  expect(rows()).toHaveLength(1)
  await user.click(screen.getByRole('button', { name: 'Delete Bug report' }))
  await user.click(await screen.findByRole('button', { name: 'Delete template' }))
  expect(await screen.findByText('No templates yet.')).toBeInTheDocument()
})

test('templates that cannot be read are asked for again', async () => {
  server.use(http.get(BASE, () => refusal(500, 'The database is locked.')))
  renderAt(<Templates projectId="p" />)
  expect(await screen.findByText('The database is locked.')).toBeInTheDocument()
  server.use(gives('/projects/p/templates', page([BUG])))
  await user.click(screen.getByRole('button', { name: 'Try again' }))
  expect(await screen.findByText('Bug report')).toBeInTheDocument()
})
