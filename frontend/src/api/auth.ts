/**
 * Keeps the sign-in alive. Tokens live in httpOnly cookies that no script can read; all that is known here is
 * when they expire, shared between tabs, so that two tabs never spend the same refresh token.
 */
import { readApiError } from './errors'

const EXPIRY_KEY = 'opm.expires_at'

/** Their 401 is the answer itself; renewing the sign-in cannot change it. */
const FINAL = ['/api/auth/launch', '/api/auth/refresh', '/api/auth/logout']

let refreshing: Promise<boolean> | null = null
const signedOut = new Set<() => void>()

export function rememberExpiry(expiresAt: string | null | undefined): void {
  try {
    if (expiresAt) localStorage.setItem(EXPIRY_KEY, expiresAt)
    else localStorage.removeItem(EXPIRY_KEY)
  } catch {
    // Without storage each tab refreshes on its own.
  }
}

function storedExpiry(): string | null {
  try {
    return localStorage.getItem(EXPIRY_KEY)
  } catch {
    return null
  }
}

export function onSignedOut(listener: () => void): () => void {
  signedOut.add(listener)
  return () => signedOut.delete(listener)
}

export function announceSignedOut(): void {
  rememberExpiry(null)
  for (const listener of signedOut) listener()
}

async function alone<T>(work: () => Promise<T>): Promise<T> {
  if (!navigator.locks) return work()
  return navigator.locks.request('opm.refresh', work)
}

async function refreshOnce(): Promise<boolean> {
  const before = storedExpiry()
  return alone(async () => {
    const now = storedExpiry()
    if (now && now !== before && Date.parse(now) > Date.now()) return true
    const response = await fetch(new URL('/api/auth/refresh', window.location.origin), { method: 'POST' })
    // asked too often: the sign-in has not ended, and who is told so asks again later
    if (response.status === 429) throw await readApiError(response)
    if (!response.ok) return false
    const body = (await response.json().catch(() => null)) as { expires_at?: string } | null
    rememberExpiry(body?.expires_at)
    return true
  })
}

/** Renews the cookies; concurrent callers share one attempt. False when a new sign-in is needed. */
export function renewSignIn(): Promise<boolean> {
  refreshing ??= refreshOnce().finally(() => {
    refreshing = null
  })
  return refreshing
}

/** `fetch` that renews an expired sign-in once and repeats the request. */
export async function apiFetch(input: Request | string, init?: RequestInit): Promise<Response> {
  const request =
    typeof input === 'string' ? new Request(new URL(input, window.location.origin), init) : input
  const again = request.clone()
  const response = await fetch(request)
  if (response.status !== 401 || FINAL.includes(new URL(request.url).pathname)) return response
  if (await renewSignIn()) return fetch(again)
  announceSignedOut()
  return response
}
