import { act, screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { Link } from 'react-router'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Config, NewConfig } from '@/api/types'
import { renderAt } from '@/testing/render'
import { gives, givesPages, ORIGIN, page, refusal, server } from '@/testing/server'
import { FakeWebSocket } from '@/testing/socket'
import { ModelSettings } from './ModelSettings'

const BASE = '/projects/project'
const CONFIG: Config = {
  id: 'config-2',
  project_id: 'project',
  version: 2,
  is_active: true,
  provider: 'openai-compatible',
  model: 'small',
  base_url: 'http://127.0.0.1:11434/v1',
  api_key_set: false,
  api_key_last4: null,
  instructions: '',
  temperature: null,
  max_tokens: null,
  permissions: {},
  tools: {},
  created_at: '2026-01-01T12:00:00Z',
}
const OFFER = {
  provider: 'openai-compatible',
  provider_name: 'Own',
  model: 'large',
  name: 'Large',
  source: 'pod',
  context: 200_000,
  price_input: 3,
  price_output: 15,
}

let saved: NewConfig[]
/** The active version as the server has it. */
let active: Config

beforeEach(() => {
  saved = []
  active = CONFIG
  server.use(
    http.get(`${ORIGIN}/api${BASE}/config`, () => HttpResponse.json(active)),
    gives('/providers', [{ id: 'openai-compatible', name: 'Own', needs_key: false }]),
    gives(`${BASE}/config/models`, { source: 'pod', models: [OFFER] }),
    gives(`${BASE}/config/state`, { active_version: 2, pod_version: 1, pending: true }),
    gives(`${BASE}/config/versions`, page([CONFIG, { ...CONFIG, id: 'c1', version: 1, is_active: false }])),
    http.put(`${ORIGIN}/api${BASE}/config`, async ({ request }) => {
      const body = (await request.json()) as NewConfig
      if (body.base_version !== active.version) {
        return refusal(409, 'Another version is active.', { current_version: active.version })
      }
      saved.push(body)
      const { api_key, base_version, ...rest } = body
      const version = active.version + 1
      active = {
        ...CONFIG,
        ...rest,
        api_key_set: Boolean(api_key),
        id: `config-${version}`,
        version,
      } as Config
      return HttpResponse.json(active)
    }),
  )
})

async function show(config = CONFIG) {
  active = config
  const shown = renderAt(
    <>
      <Link to="/elsewhere">Elsewhere</Link>
      <ModelSettings projectId="project" />
    </>,
    { at: '/settings', path: '/settings' },
  )
  await screen.findByRole('button', { name: 'Save as a new version' })
  return shown
}

/** Another window made this version active. */
function elsewhere(over: Partial<Config>) {
  active = { ...CONFIG, ...over }
  const event = { type: 'project_changed', projectId: 'project', change: 'updated', timestamp: '' }
  act(() => FakeWebSocket.latest.say({ id: '1', event }))
}

const click = (name: string | RegExp) => userEvent.click(screen.getByRole('button', { name }))
const save = () => click('Save as a new version')

describe('the model', () => {
  it('is found among those that the workspace offers, with size and price', async () => {
    await show()
    await waitFor(() => expect(screen.getByRole('button', { name: 'Browse' })).toBeEnabled())
    await click('Browse')
    await userEvent.type(screen.getByPlaceholderText('Search models…'), 'lar')
    await userEvent.click(await screen.findByRole('option', { name: /Large.*200K context · \$3\.00 in/ }))
    expect(screen.getByLabelText('Model')).toHaveValue('large')
  })

  it('is tried as it stands in the form, and the provider’s own words are shown', async () => {
    const tried: NewConfig[] = []
    server.use(
      http.post(`${ORIGIN}/api${BASE}/config/test`, async ({ request }) => {
        tried.push((await request.json()) as NewConfig)
        return HttpResponse.json({ ok: false, status: 401, message: 'invalid key', latency_ms: 12 })
      }),
    )
    await show()
    await userEvent.type(screen.getByLabelText('API key'), 'wrong')
    await click('Test')
    expect(await screen.findByText(/It does not work: invalid key/)).toHaveTextContent('status 401 · 12 ms')
    expect(tried).toEqual([expect.objectContaining({ model: 'small', api_key: 'wrong' })])
    expect(saved).toEqual([])
    await userEvent.type(screen.getByLabelText('API key'), 'x')
    expect(screen.queryByText(/It does not work/)).not.toBeInTheDocument()
  })
})

describe('tools and permissions', () => {
  it('are taken away, and given by rules in order', async () => {
    await show()
    await userEvent.click(screen.getByRole('checkbox', { name: 'Fetch from the web: on' }))
    expect(screen.getByRole('combobox', { name: 'Fetch from the web' })).toBeDisabled()
    await userEvent.click(screen.getByRole('combobox', { name: 'Run commands' }))
    await userEvent.click(await screen.findByRole('option', { name: 'By rules' }))
    await save()
    expect(await screen.findByText('A rule for commands has no pattern.')).toBeInTheDocument()
    await userEvent.type(screen.getByLabelText('Pattern 1'), 'make *')
    await save()
    await waitFor(() => expect(saved).toHaveLength(1))
    expect(saved[0]).toMatchObject({
      tools: { webfetch: false },
      permissions: { bash: [{ pattern: 'make *', action: 'ask' }] },
    })
  })
})

describe('agents', () => {
  it('are added, run cards, and go with their removal', async () => {
    await show()
    await click('Add an agent')
    const dialog = within(await screen.findByRole('dialog', { name: 'New agent' }))
    await userEvent.click(dialog.getByRole('button', { name: 'Keep agent' }))
    expect(dialog.getByText('Say what it is to do.')).toBeInTheDocument()
    await userEvent.type(dialog.getByLabelText('Name'), 'reviewer')
    await userEvent.type(dialog.getByLabelText('Description'), 'Reviews')
    await userEvent.type(dialog.getByLabelText('Prompt'), 'You review.')
    await userEvent.click(dialog.getByRole('combobox', { name: 'Use' }))
    await userEvent.click(await screen.findByRole('option', { name: 'Runs cards' }))
    await userEvent.click(dialog.getByRole('button', { name: 'Keep agent' }))
    await userEvent.click(screen.getByRole('combobox', { name: 'Cards are run by' }))
    await userEvent.click(await screen.findByRole('option', { name: 'reviewer' }))
    await save()
    await waitFor(() => expect(saved).toHaveLength(1))
    expect(saved[0]).toMatchObject({
      default_agent: 'reviewer',
      agents: { reviewer: { description: 'Reviews', prompt: 'You review.', mode: 'primary' } },
    })
    await click('Remove reviewer')
    await save()
    await waitFor(() => expect(saved).toHaveLength(2))
    expect(saved[1]).toMatchObject({ default_agent: null, agents: {} })
  })

  it('that are too long are told beside them, and stay as they were entered', async () => {
    const agents = { scribe: { description: 'Writes', prompt: 'p'.repeat(200), mode: 'subagent' as const } }
    const said = 'Agents and permissions come to 120 KiB; OpenCode can be given 100 KiB at most.'
    server.use(http.put(`${ORIGIN}/api${BASE}/config`, () => refusal(400, said, { field: 'agents' })))
    await show({ ...CONFIG, agents })
    await save()
    expect(await screen.findByRole('alert')).toHaveTextContent(said)
    expect(screen.getByText('scribe')).toBeVisible()
  })
})

describe('the steps of an agent', () => {
  it('are limited by the same rule as those of the project, and kept', async () => {
    const agent = { description: 'Reviews', prompt: 'You review.', mode: 'subagent', steps: 5 } as const
    await show({ ...CONFIG, agents: { reviewer: agent } })
    await click('Edit reviewer')
    const dialog = within(await screen.findByRole('dialog', { name: 'Agent reviewer' }))
    const field = dialog.getByLabelText('Its most steps per run')
    expect(field).toHaveValue('5')
    await userEvent.type(field, '0.5')
    await userEvent.click(dialog.getByRole('button', { name: 'Keep agent' }))
    expect(field).toHaveAccessibleDescription(/A whole number up to 1000/)
    await userEvent.clear(field)
    await userEvent.type(field, '7')
    await userEvent.click(dialog.getByRole('button', { name: 'Keep agent' }))
    await save()
    await waitFor(() => expect(saved[0]?.agents).toMatchObject({ reviewer: { ...agent, steps: 7 } }))
  })
})

describe('versions', () => {
  it('say which one the workspace still runs, and are compared', async () => {
    server.use(
      http.get(`${ORIGIN}/api${BASE}/config/compare`, ({ request }) => {
        const { searchParams } = new URL(request.url)
        expect([searchParams.get('from'), searchParams.get('to')]).toEqual(['1', '2'])
        const diff = '--- before\n+++ after\n-Old\n+New'
        return HttpResponse.json({
          before: 1,
          after: 2,
          changes: [
            { field: 'max_tokens', before: null, after: 500 },
            { field: 'instructions', before: 'Old', after: 'New', diff },
          ],
        })
      }),
    )
    await show()
    expect(await screen.findByText(/Version 2 is active/)).toHaveTextContent('still runs version 1')
    await click('Compare version 1 with the active one')
    const dialog = await screen.findByRole('dialog', { name: 'Version 1 and version 2' })
    expect(await within(dialog).findByText('max tokens')).toBeInTheDocument()
    expect(within(dialog).getByText('not set')).toBeInTheDocument()
    expect(within(dialog).getByText('+New')).toBeInTheDocument()
  })
})

describe('many versions', () => {
  beforeEach(() => {
    const version = (number: number) => ({ ...CONFIG, id: `c${number}`, version: number, is_active: false })
    server.use(
      gives(`${BASE}/config/state`, { active_version: 1, pod_version: 1, pending: false }),
      givesPages(`${BASE}/config/versions`, [
        [version(4), version(3)],
        [version(2), { ...version(1), is_active: true }],
      ]),
    )
  })

  it('are read on by hand, and any two are compared', async () => {
    const asked: string[] = []
    server.use(
      http.get(`${ORIGIN}/api${BASE}/config/compare`, ({ request }) => {
        const { searchParams } = new URL(request.url)
        asked.push(`${searchParams.get('from')} ${searchParams.get('to')}`)
        return HttpResponse.json({ before: 1, after: 2, changes: [] })
      }),
    )
    await show()
    // the active one is among those not read yet
    await userEvent.click(
      await screen.findByRole('button', { name: 'Compare version 3 with the active one' }),
    )
    await screen.findByText('They say the same.')
    await userEvent.keyboard('{Escape}')
    await click('Show older')
    await userEvent.click(await screen.findByRole('button', { name: 'Compare version 1 with another' }))
    await userEvent.click(await screen.findByRole('combobox', { name: 'Before: version' }))
    await userEvent.click(await screen.findByRole('option', { name: 'Version 2' }))
    expect(await screen.findByRole('dialog', { name: 'Version 2 and version 4' })).toBeInTheDocument()
    await waitFor(() => expect(asked).toEqual(['1 3', '1 4', '2 4']))
  })
})

describe('leaving', () => {
  it('asks only when something was changed', async () => {
    const shown = await show()
    await userEvent.type(screen.getByLabelText('Instructions'), 'x')
    await userEvent.click(screen.getByRole('link', { name: 'Elsewhere' }))
    await userEvent.click(await screen.findByRole('button', { name: 'Cancel' }))
    expect(shown.location()).toBe('/settings')
    await userEvent.clear(screen.getByLabelText('Instructions'))
    await userEvent.click(screen.getByRole('link', { name: 'Elsewhere' }))
    await waitFor(() => expect(shown.location()).toBe('/elsewhere'))
  })
})

describe('another version that becomes active meanwhile', () => {
  const text = () => screen.getByLabelText('Instructions')

  it('is followed by a form without changes', async () => {
    await show()
    elsewhere({ id: 'config-3', version: 3, instructions: 'Use tabs.' })
    await waitFor(() => expect(text()).toHaveValue('Use tabs.'))
    expect(screen.queryByText(/meanwhile/)).not.toBeInTheDocument()
  })

  it('leaves what was typed, and is replaced only by a decision', async () => {
    await show()
    await userEvent.type(text(), 'Mine')
    elsewhere({ id: 'config-3', version: 3, instructions: 'Theirs' })
    expect(await screen.findByRole('alert')).toHaveTextContent('Version 3 was saved meanwhile.')
    expect(text()).toHaveValue('Mine')
    expect(screen.getByRole('button', { name: 'Save as a new version' })).toBeDisabled()
    await click('Keep mine')
    await save()
    await waitFor(() => expect(saved).toEqual([expect.objectContaining({ instructions: 'Mine' })]))
    expect(saved[0]?.base_version).toBe(3)
  })

  it('can be taken for what was typed', async () => {
    await show()
    await userEvent.type(text(), 'Mine')
    elsewhere({ id: 'config-1', version: 1, instructions: 'Theirs' })
    expect(await screen.findByRole('alert')).toHaveTextContent('Version 1 was activated meanwhile.')
    await click('Take version 1')
    expect(text()).toHaveValue('Theirs')
    expect(screen.queryByRole('alert')).not.toBeInTheDocument()
  })

  it('is heard of by the refusal, when nothing else told of it', async () => {
    await show()
    await userEvent.type(text(), 'Mine')
    active = { ...CONFIG, id: 'config-3', version: 3 }
    await save()
    expect(await screen.findByText('Another version is active.')).toBeInTheDocument()
    expect(await screen.findByText('Version 3 was saved meanwhile.')).toBeInTheDocument()
    expect(text()).toHaveValue('Mine')
    expect(saved).toEqual([])
  })

  it('is not the version that was saved here', async () => {
    await show()
    await userEvent.type(text(), 'Mine')
    await save()
    await screen.findByText('Saved as version 3')
    await userEvent.type(text(), '!')
    elsewhere(active)
    await save()
    await waitFor(() => expect(saved.map(({ base_version }) => base_version)).toEqual([2, 3]))
    expect(saved[1]?.instructions).toBe('Mine!')
  })

  it('is activated here only after a yes when the form has changes', async () => {
    const activated: string[] = []
    server.use(
      http.post(`${ORIGIN}/api${BASE}/config/versions/:version/activate`, ({ params }) => {
        activated.push(String(params.version))
        active = { ...CONFIG, id: 'c1', version: 1, instructions: 'First' }
        return HttpResponse.json(active)
      }),
    )
    await show()
    await userEvent.type(text(), 'Mine')
    const activate = await screen.findByRole('button', { name: 'Activate version 1' })
    await userEvent.click(activate)
    await userEvent.click(await screen.findByRole('button', { name: 'Cancel' }))
    expect(text()).toHaveValue('Mine')
    expect(activated).toEqual([])
    await userEvent.click(activate)
    await userEvent.click(await screen.findByRole('button', { name: 'Activate' }))
    await waitFor(() => expect(text()).toHaveValue('First'))
    expect(activated).toEqual(['1'])
  })
})

it('the text of an agent is not thrown away without a question', async () => {
  await show()
  await click('Add an agent')
  await userEvent.type(await screen.findByLabelText('Prompt'), 'You review.')
  await userEvent.keyboard('{Escape}')
  await userEvent.click(
    within(await screen.findByRole('alertdialog')).getByRole('button', { name: 'Cancel' }),
  )
  expect(screen.getByLabelText('Prompt')).toHaveValue('You review.')
  await userEvent.keyboard('{Escape}')
  await userEvent.click(await screen.findByRole('button', { name: 'Discard' }))
  await waitFor(() => expect(screen.queryByRole('dialog')).not.toBeInTheDocument())
  await click('Add an agent')
  await screen.findByRole('dialog')
  await userEvent.keyboard('{Escape}')
  await waitFor(() => expect(screen.queryByRole('dialog')).not.toBeInTheDocument())
})
