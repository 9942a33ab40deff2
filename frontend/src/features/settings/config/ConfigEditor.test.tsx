import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { beforeEach, describe, expect, it } from 'vitest'
import type { NewConfig } from '@/api/types'
import { ORIGIN, refusal, server } from '@/testing/server'
import { BASE, CONFIG, click, desk, save, serveConfig, show } from './testing/bench'

beforeEach(serveConfig)

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
    expect(desk.saved).toEqual([])
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
    await waitFor(() => expect(desk.saved).toHaveLength(1))
    expect(desk.saved[0]).toMatchObject({
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
    await waitFor(() => expect(desk.saved).toHaveLength(1))
    expect(desk.saved[0]).toMatchObject({
      default_agent: 'reviewer',
      agents: { reviewer: { description: 'Reviews', prompt: 'You review.', mode: 'primary' } },
    })
    await click('Remove reviewer')
    await save()
    await waitFor(() => expect(desk.saved).toHaveLength(2))
    expect(desk.saved[1]).toMatchObject({ default_agent: null, agents: {} })
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
    await waitFor(() => expect(desk.saved[0]?.agents).toMatchObject({ reviewer: { ...agent, steps: 7 } }))
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
