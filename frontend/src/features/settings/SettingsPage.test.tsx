import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { beforeEach, describe, expect, it } from 'vitest'
import { ReadOnlyContext } from '@/lib/readOnly'
import { aProject } from '@/testing/builders'
import { renderAt } from '@/testing/render'
import { gives, ORIGIN, page, refusal, server } from '@/testing/server'
import SettingsPage from './SettingsPage'

const project = aProject({ id: 'project', name: 'Website', slug: 'website' })
const BASE = '/projects/project'

const CONFIG = {
  id: 'config-2',
  project_id: 'project',
  version: 2,
  is_active: true,
  provider: 'anthropic',
  model: 'claude',
  base_url: null,
  api_key_set: true,
  api_key_last4: 'abcd',
  instructions: '',
  temperature: null,
  max_tokens: null,
  permissions: {},
  tools: {},
  created_at: '2026-01-01T12:00:00Z',
}
const OLD = { ...CONFIG, id: 'config-1', version: 1, is_active: false, provider: 'demo', model: 'scripted' }
const OFFER = {
  provider: 'anthropic',
  provider_name: 'Anthropic',
  model: 'claude-large',
  name: 'Claude Large',
  source: 'pod',
  context: 200_000,
  price_input: 3,
  price_output: 15,
}
const POD = { phase: 'running', reason: null, advice: null, parts: [], events: [] }

/** Bodies of the requests with a method to a path. */
function hears(
  method: 'put' | 'post' | 'patch' | 'delete',
  path: string,
  reply: unknown,
  status = 200,
): unknown[] {
  const bodies: unknown[] = []
  server.use(
    http[method](`${ORIGIN}/api${path}`, async ({ request }) => {
      const text = await request.text()
      bodies.push(text ? JSON.parse(text) : null)
      return status === 204
        ? new HttpResponse(null, { status })
        : HttpResponse.json(reply as never, { status })
    }),
  )
  return bodies
}

function show() {
  return renderAt(<SettingsPage project={project} />, { at: '/p/website/settings' })
}

beforeEach(() => {
  server.use(
    gives(`${BASE}/config`, CONFIG),
    gives(`${BASE}/config/versions`, page([CONFIG, OLD])),
    gives('/providers', [
      { id: 'demo', name: 'Demo model (scripted)', needs_key: false, models: ['scripted'] },
      { id: 'anthropic', name: 'Anthropic', needs_key: true, models: ['claude'] },
    ]),
    gives(`${BASE}/config/models`, { source: 'pod', models: [OFFER] }),
    gives(`${BASE}/config/state`, { active_version: 2, pod_version: 1, pending: true }),
    gives(`${BASE}/pod`, POD),
    gives('/resources', {
      memory_mb: null,
      memory_mb_max: null,
      cpu_limit: null,
      cpu_limit_max: null,
      enforcement: '',
    }),
    gives('/projects', page([project])),
    gives(`${BASE}/templates`, page([])),
  )
})

describe('the model', () => {
  it('shows that a key is stored without showing it, and keeps it when saving', async () => {
    const saved = hears('put', `${BASE}/config`, { ...CONFIG, version: 3 })
    show()
    expect(await screen.findByText('Set, ends in …abcd')).toBeInTheDocument()
    await userEvent.type(screen.getByLabelText('Instructions'), 'Use tabs.')
    await userEvent.click(screen.getByRole('button', { name: 'Save as a new version' }))
    expect(await screen.findByText('Saved as version 3')).toBeInTheDocument()
    expect(saved).toEqual([
      expect.objectContaining({
        provider: 'anthropic',
        api_key: null,
        instructions: 'Use tabs.',
        permissions: {},
      }),
    ])
  })

  it('replaces the key', async () => {
    const saved = hears('put', `${BASE}/config`, CONFIG)
    show()
    await userEvent.click(await screen.findByRole('button', { name: 'Replace' }))
    const key = screen.getByLabelText('API key')
    expect(key).toHaveAttribute('type', 'password')
    await userEvent.type(key, 'sk-new')
    await userEvent.click(screen.getByRole('button', { name: 'Save as a new version' }))
    await waitFor(() => expect(saved).toEqual([expect.objectContaining({ api_key: 'sk-new' })]))
  })

  it('does not send what cannot be right', async () => {
    const saved = hears('put', `${BASE}/config`, CONFIG)
    show()
    await userEvent.click(await screen.findByRole('button', { name: 'Replace' }))
    await userEvent.type(screen.getByLabelText('Temperature'), '9')
    await userEvent.click(screen.getByRole('button', { name: 'Save as a new version' }))
    expect(await screen.findByText('Anthropic needs an API key.')).toBeInTheDocument()
    expect(screen.getByText(/A number from 0 to 2/)).toBeInTheDocument()
    expect(saved).toEqual([])
  })

  it('takes the key away, although nothing runs without one', async () => {
    const saved = hears('put', `${BASE}/config`, CONFIG)
    show()
    await userEvent.click(await screen.findByRole('button', { name: 'Remove' }))
    expect(screen.getByText(/also from earlier versions/)).toBeInTheDocument()
    await userEvent.click(screen.getByRole('button', { name: 'Save as a new version' }))
    await waitFor(() => expect(saved).toEqual([expect.objectContaining({ api_key: '' })]))
  })

  it('says why the server refused', async () => {
    server.use(http.put(`${ORIGIN}/api${BASE}/config`, () => refusal(422, 'The address is not allowed.')))
    show()
    await userEvent.click(await screen.findByRole('button', { name: 'Save as a new version' }))
    expect(await screen.findByText('The address is not allowed.')).toBeInTheDocument()
  })

  it('takes a permission back to its default by leaving it out', async () => {
    server.use(gives(`${BASE}/config`, { ...CONFIG, permissions: { bash: 'allow' } }))
    const saved = hears('put', `${BASE}/config`, CONFIG)
    show()
    await userEvent.click(await screen.findByRole('combobox', { name: 'Run commands' }))
    await userEvent.click(await screen.findByRole('option', { name: 'Default (ask me)' }))
    await userEvent.click(screen.getByRole('button', { name: 'Save as a new version' }))
    await waitFor(() => expect(saved).toEqual([expect.objectContaining({ permissions: {} })]))
  })

  it('starts with an empty form when no model was ever chosen', async () => {
    server.use(
      http.get(`${ORIGIN}/api${BASE}/config`, () => refusal(409, 'No model yet.', { reason: 'no_config' })),
      gives(`${BASE}/config/versions`, page([])),
    )
    show()
    await userEvent.click(await screen.findByRole('button', { name: 'Save as a new version' }))
    expect(await screen.findByText('Choose a provider.')).toBeInTheDocument()
  })

  it('makes an older version active again', async () => {
    const activated = hears('post', `${BASE}/config/versions/1/activate`, OLD)
    show()
    await userEvent.click(await screen.findByRole('button', { name: 'Activate version 1' }))
    await waitFor(() => expect(activated).toHaveLength(1))
  })
})

describe('the workspace', () => {
  it('is shown with what can be ordered', async () => {
    show()
    expect(await screen.findByRole('button', { name: 'Stop' })).toBeInTheDocument()
    expect(screen.getByRole('button', { name: 'Show logs' })).toBeInTheDocument()
  })
})

describe('the project', () => {
  it('is renamed', async () => {
    const patched = hears('patch', BASE, project)
    show()
    const name = screen.getByLabelText('Name')
    await userEvent.clear(name)
    await userEvent.type(name, 'Shop')
    await userEvent.click(screen.getByRole('button', { name: 'Save' }))
    await waitFor(() => expect(patched).toEqual([{ name: 'Shop', description: '' }]))
  })

  it('is deleted only after its name was typed', async () => {
    const deleted = hears('delete', BASE, null, 204)
    const shown = show()
    await userEvent.click(screen.getByRole('button', { name: 'Delete project…' }))
    const dialog = await screen.findByRole('dialog', { name: 'Delete Website?' })
    const button = within(dialog).getByRole('button', { name: 'Delete project' })
    expect(button).toBeDisabled()
    await userEvent.type(within(dialog).getByLabelText(/Type “Website”/), 'Website')
    await userEvent.click(button)
    await waitFor(() => expect(deleted).toHaveLength(1))
    await waitFor(() => expect(shown.location()).toBe('/'))
  })
})

it('of a project that is put away can be read, and only its deletion asked for', async () => {
  renderAt(
    <ReadOnlyContext value={true}>
      <SettingsPage project={project} />
    </ReadOnlyContext>,
  )
  expect(await screen.findByRole('button', { name: 'Save as a new version' })).toBeDisabled()
  const open = screen.getAllByRole('button').filter((button) => !button.matches(':disabled'))
  expect(open.map((button) => button.textContent?.trim())).toEqual(['Delete project…'])
})
