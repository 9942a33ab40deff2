import { screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { afterEach, expect, it, vi } from 'vitest'
import type { PreferencesPatch } from '@/api/types'
import { readTheme, setTheme } from '@/lib/theme'
import { renderAt } from '@/testing/render'
import { gives, ORIGIN, page, refusal, server } from '@/testing/server'
import AccountPage from './AccountPage'

const KEPT = {
  theme: 'light',
  notifications: { desktop: false, sound: true, done: true, needs_you: true },
  single_key_shortcuts: true,
}

/** A server that keeps what it is told, but for what it is said to lose. */
function serve(keeps: (patch: PreferencesPatch) => boolean = () => true) {
  const asked: PreferencesPatch[] = []
  let kept = KEPT
  server.use(
    http.get(`${ORIGIN}/api/auth/me/preferences`, () => HttpResponse.json(kept)),
    gives('/auth/sign-ins', page([])),
    gives('/auth/tokens', page([])),
    http.patch(`${ORIGIN}/api/auth/me/preferences`, async ({ request }) => {
      const patch = (await request.json()) as PreferencesPatch
      asked.push(patch)
      const notifications = { ...kept.notifications, ...patch.notifications }
      if (keeps(patch)) kept = { ...kept, ...patch, notifications } as typeof KEPT
      return HttpResponse.json(kept)
    }),
  )
  return asked
}

/** A browser that answers like this when it is asked for notifications. */
function browser(answer: NotificationPermission) {
  const made: string[] = []
  class Shown {
    static permission: NotificationPermission = 'default'
    static requestPermission = async () => {
      Shown.permission = answer
      return answer
    }
    constructor(title: string) {
      made.push(title)
    }
    close() {}
  }
  vi.stubGlobal('Notification', Shown)
  return made
}

afterEach(() => setTheme('system'))

it('keeps the theme with the account and applies it at once', async () => {
  const asked = serve()
  renderAt(<AccountPage />)
  await userEvent.click(await screen.findByRole('radio', { name: 'Dark' }))
  expect(screen.getByRole('radio', { name: 'Dark' })).toBeChecked()
  expect(readTheme()).toBe('dark')
  await waitFor(() => expect(asked).toEqual([{ theme: 'dark' }]))
})

it('goes back to what was kept when the server refuses', async () => {
  serve()
  server.use(http.patch(`${ORIGIN}/api/auth/me/preferences`, () => refusal(500, 'The disk is full.')))
  renderAt(<AccountPage />)
  await userEvent.click(await screen.findByRole('checkbox', { name: 'a sound' }))
  expect(await screen.findByText('The disk is full.')).toBeInTheDocument()
  expect(screen.getByRole('checkbox', { name: 'a sound' })).toBeChecked()
})

it('asks the browser before it promises notifications, and shows one', async () => {
  const asked = serve()
  const made = browser('granted')
  renderAt(<AccountPage />)
  await userEvent.click(await screen.findByRole('checkbox', { name: 'a notification on the desktop' }))
  await waitFor(() => expect(asked).toEqual([{ notifications: { desktop: true } }]))
  await userEvent.click(screen.getByRole('button', { name: 'Show one' }))
  await waitFor(() => expect(made).toEqual(['It works']))
})

it('says what to do when the browser refuses', async () => {
  const asked = serve()
  browser('denied')
  renderAt(<AccountPage />)
  await userEvent.click(await screen.findByRole('checkbox', { name: 'a notification on the desktop' }))
  expect(await screen.findByRole('alert')).toHaveTextContent('Allow them in its settings')
  await waitFor(() => expect(asked).toEqual([{ notifications: { desktop: false } }]))
  expect(screen.getByRole('checkbox', { name: 'a notification on the desktop' })).not.toBeChecked()
})

it('says so when the browser has leave to show notifications and cannot', async () => {
  serve()
  class Illegal {
    static permission = 'granted'
    constructor() {
      throw new TypeError('Illegal constructor.')
    }
  }
  vi.stubGlobal('Notification', Illegal)
  renderAt(<AccountPage />)
  await userEvent.click(await screen.findByRole('button', { name: 'Show one' }))
  expect(await screen.findByRole('alert')).toHaveTextContent('This browser shows no notifications')
})

it('shows in the end what is kept, also after two changes at once', async () => {
  serve(({ notifications }) => notifications?.sound === undefined)
  renderAt(<AccountPage />)
  const sound = await screen.findByRole('checkbox', { name: 'a sound' })
  const done = screen.getByRole('checkbox', { name: 'when a run has ended' })
  await Promise.all([userEvent.click(sound), userEvent.click(done)])
  await waitFor(() => expect(done).not.toBeChecked())
  await waitFor(() => expect(sound).toBeChecked())
  expect(done).not.toBeChecked()
})

it('turns single-key shortcuts off', async () => {
  const asked = serve()
  renderAt(<AccountPage />)
  const single = await screen.findByRole('checkbox', { name: /^Single-key shortcuts/ })
  expect(single).toBeChecked()
  await userEvent.click(single)
  await waitFor(() => expect(asked).toEqual([{ single_key_shortcuts: false }]))
  expect(single).not.toBeChecked()
})
