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
}

function serve() {
  const asked: PreferencesPatch[] = []
  server.use(
    gives('/auth/me/preferences', KEPT),
    gives('/auth/sign-ins', page([])),
    gives('/auth/tokens', page([])),
    http.patch(`${ORIGIN}/api/auth/me/preferences`, async ({ request }) => {
      asked.push((await request.json()) as PreferencesPatch)
      return HttpResponse.json(KEPT)
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
