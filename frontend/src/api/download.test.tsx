import { fireEvent, render, screen, waitFor } from '@testing-library/react'
import { HttpResponse, http } from 'msw'
import { beforeEach, expect, test, vi } from 'vitest'
import { gives, ORIGIN, refusal, server } from '@/testing/server'
import { download, onDownloadLink } from './download'

let saved: string[]

beforeEach(() => {
  saved = []
  vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (this: HTMLAnchorElement) {
    saved.push(`${this.getAttribute('href')} as ${this.download}`)
  })
})

test('a sign-in that has run out is renewed before the browser asks', async () => {
  const told: string[] = []
  server.use(
    http.get(`${ORIGIN}/api/auth/me`, () => {
      told.push(`me, ${saved.length} saved`)
      return told.includes('renewed') ? HttpResponse.json({}) : refusal(401, 'Sign in.')
    }),
    http.post(`${ORIGIN}/api/auth/refresh`, () => {
      told.push('renewed')
      return HttpResponse.json({ expires_at: '2099-01-01T00:00:00Z' })
    }),
  )
  await download('/api/export', 'log.csv')
  expect(told).toEqual(['me, 0 saved', 'renewed', 'me, 0 saved'])
  expect(saved).toEqual(['/api/export as log.csv'])
})

test('a sign-in that is over saves nothing', async () => {
  server.use(
    http.get(`${ORIGIN}/api/auth/me`, () => refusal(401, 'Sign in.')),
    http.post(`${ORIGIN}/api/auth/refresh`, () => refusal(401, 'The sign-in has ended.')),
  )
  await download('/api/export', '')
  expect(saved).toEqual([])
})

test('what goes wrong otherwise is for the browser to tell', async () => {
  server.use(http.get(`${ORIGIN}/api/auth/me`, () => HttpResponse.error()))
  await download('/api/export', '')
  expect(saved).toEqual(['/api/export as '])
})

test('a link takes this way when it is clicked, and the browser’s with a modifier', async () => {
  server.use(gives('/auth/me', {}))
  render(
    <a href="http://opm.test/api/export" download="log.csv" onClick={onDownloadLink}>
      Save
    </a>,
  )
  const link = screen.getByRole('link')
  expect(fireEvent.click(link)).toBe(false)
  await waitFor(() => expect(saved).toEqual(['http://opm.test/api/export as log.csv']))
  expect(fireEvent.click(link, { ctrlKey: true })).toBe(true)
  expect(saved).toHaveLength(1)
})
