import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { beforeEach, describe, expect, it } from 'vitest'
import { gives, givesPages, ORIGIN, server } from '@/testing/server'
import { BASE, CONFIG, click, desk, elsewhere, save, serveConfig, show } from './testing/bench'

beforeEach(serveConfig)

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
    await waitFor(() => expect(desk.saved).toEqual([expect.objectContaining({ instructions: 'Mine' })]))
    expect(desk.saved[0]?.base_version).toBe(3)
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
    desk.active = { ...CONFIG, id: 'config-3', version: 3 }
    await save()
    expect(await screen.findByText('Another version is active.')).toBeInTheDocument()
    expect(await screen.findByText('Version 3 was saved meanwhile.')).toBeInTheDocument()
    expect(text()).toHaveValue('Mine')
    expect(desk.saved).toEqual([])
  })

  it('is not the version that was saved here', async () => {
    await show()
    await userEvent.type(text(), 'Mine')
    await save()
    await screen.findByText('Saved as version 3')
    await userEvent.type(text(), '!')
    elsewhere(desk.active)
    await save()
    await waitFor(() => expect(desk.saved.map(({ base_version }) => base_version)).toEqual([2, 3]))
    expect(desk.saved[1]?.instructions).toBe('Mine!')
  })

  it('is activated here only after a yes when the form has changes', async () => {
    const activated: string[] = []
    server.use(
      http.post(`${ORIGIN}/api${BASE}/config/versions/:version/activate`, ({ params }) => {
        activated.push(String(params.version))
        desk.active = { ...CONFIG, id: 'c1', version: 1, instructions: 'First' }
        return HttpResponse.json(desk.active)
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
