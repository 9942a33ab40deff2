import '@testing-library/jest-dom/vitest'
import { cleanup, configure } from '@testing-library/react'
import { afterAll, afterEach, beforeAll, beforeEach, vi } from 'vitest'
import { configureClient } from '@/api/client'
import { toast } from '@/ui/toast'
import { server } from './server'
import { FakeWebSocket } from './socket'

// What the browser has and jsdom does not; components of Radix and cmdk ask for them.
// Newer browsers promise the end of the scrolling.
Element.prototype.scrollIntoView ??= () => Promise.resolve() as unknown as undefined
Element.prototype.hasPointerCapture ??= () => false
Element.prototype.setPointerCapture ??= () => {}
Element.prototype.releasePointerCapture ??= () => {}
globalThis.ResizeObserver ??= class {
  observe() {}
  unobserve() {}
  disconnect() {}
}
window.matchMedia ??= ((query: string) => ({
  matches: false,
  media: query,
  addEventListener() {},
  removeEventListener() {},
  // by its old name, as xterm calls it
  addListener() {},
  removeListener() {},
})) as unknown as typeof window.matchMedia

// Before any test file is read: query keys contain the address of the server.
configureClient()
// Long enough for a lazily loaded page on a busy machine; a test that passes never waits for it.
configure({ asyncUtilTimeout: 5000 })

beforeAll(() => server.listen({ onUnhandledRequest: 'error' }))

beforeEach(() => {
  FakeWebSocket.reset()
  vi.stubGlobal('WebSocket', FakeWebSocket)
})

afterEach(() => {
  toast.dismiss()
  cleanup()
  server.resetHandlers()
  localStorage.clear()
  sessionStorage.clear()
  vi.unstubAllGlobals()
})

afterAll(() => server.close())
