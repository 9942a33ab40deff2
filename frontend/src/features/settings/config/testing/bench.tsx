import { act, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { Link } from 'react-router'
import type { Config, NewConfig } from '@/api/types'
import { renderAt } from '@/testing/render'
import { gives, ORIGIN, page, refusal, server } from '@/testing/server'
import { FakeWebSocket } from '@/testing/socket'
import { ModelSettings } from '../ModelSettings'

export const BASE = '/projects/project'
export const CONFIG: Config = {
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
export const OFFER = {
  provider: 'openai-compatible',
  provider_name: 'Own',
  model: 'large',
  name: 'Large',
  source: 'pod',
  context: 200_000,
  price_input: 3,
  price_output: 15,
}

/** What the server has: the versions saved here, and the active one. */
export const desk = { saved: [] as NewConfig[], active: CONFIG }

export function serveConfig(): void {
  desk.saved = []
  desk.active = CONFIG
  server.use(
    http.get(`${ORIGIN}/api${BASE}/config`, () => HttpResponse.json(desk.active)),
    gives('/providers', [{ id: 'openai-compatible', name: 'Own', needs_key: false }]),
    gives(`${BASE}/config/models`, { source: 'pod', models: [OFFER] }),
    gives(`${BASE}/config/state`, { active_version: 2, pod_version: 1, pending: true }),
    gives(`${BASE}/config/versions`, page([CONFIG, { ...CONFIG, id: 'c1', version: 1, is_active: false }])),
    http.put(`${ORIGIN}/api${BASE}/config`, async ({ request }) => {
      const body = (await request.json()) as NewConfig
      if (body.base_version !== desk.active.version) {
        return refusal(409, 'Another version is active.', { current_version: desk.active.version })
      }
      desk.saved.push(body)
      const { api_key, base_version, ...rest } = body
      const version = desk.active.version + 1
      desk.active = {
        ...CONFIG,
        ...rest,
        api_key_set: Boolean(api_key),
        id: `config-${version}`,
        version,
      } as Config
      return HttpResponse.json(desk.active)
    }),
  )
}

export async function show(config = CONFIG) {
  desk.active = config
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
export function elsewhere(over: Partial<Config>) {
  desk.active = { ...CONFIG, ...over }
  const event = { type: 'project_changed', projectId: 'project', change: 'updated', timestamp: '' }
  act(() => FakeWebSocket.latest.say({ id: '1', event }))
}

export const click = (name: string | RegExp) => userEvent.click(screen.getByRole('button', { name }))
export const save = () => click('Save as a new version')
