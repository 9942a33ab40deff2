/**
 * Keeps the sign-in alive. Tokens live in httpOnly cookies that no script can read; all that is known here is
 * when they expire, shared between tabs, so that two tabs never spend the same refresh token.
 */
import { carryToken, forgetPerson, knownPerson, lacksToken, learnFrom } from './csrf'
import { hearTabs, tellTabs } from './tabs'

const EXPIRY_KEY = 'opm.expires_at'
const ME = '/api/auth/me'
const REFRESH = '/api/auth/refresh'

/** Their 401 is the answer itself; renewing the sign-in cannot change it. */
const FINAL = [
  '/api/auth/launch',
  REFRESH,
  '/api/auth/logout',
  '/api/auth/oidc/login',
  '/api/auth/oidc/callback',
]

/** `unanswered`: the server could not say, and whoever was signed in still is; what it said instead, if anything. */
export type Renewal = { state: 'renewed' | 'ended' } | { state: 'unanswered'; said?: Response }

export interface SignInListener {
  /** The sign-in of this browser is over. */
  ended: () => void
  /** Somebody is signed in who was not when this page was drawn. */
  begun: () => void
}

let refreshing: Promise<Renewal> | null = null
const listeners = new Set<SignInListener>()

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

/** Hears of sign-ins that begin and end, in this tab or another; returns how to stop. */
export function onSignIn(listener: SignInListener): () => void {
  listeners.add(listener)
  const stop = hearTabs((news) => {
    if (news === 'out') endHere(listener)
    else if (knownPerson() === null) listener.begun()
    else void send(new Request(address(ME))).catch(() => {})
  })
  return () => {
    listeners.delete(listener)
    stop()
  }
}

function endHere(...told: SignInListener[]): void {
  forgetPerson()
  for (const listener of told) listener.ended()
}

export function announceSignedOut(): void {
  rememberExpiry(null)
  tellTabs('out')
  endHere(...listeners)
}

/** To be called with what a sign-in was answered. */
export function announceSignedIn(answer: { expires_at: string }): void {
  rememberExpiry(answer.expires_at)
  tellTabs('in')
}

async function alone<T>(work: () => Promise<T>): Promise<T> {
  if (!navigator.locks) return work()
  return navigator.locks.request('opm.refresh', work)
}

/** `before`: what was known of the expiry when the request was sent whose 401 asks for this. */
async function refreshOnce(before: string | null): Promise<Renewal> {
  return alone(async () => {
    const now = storedExpiry()
    if (now && now !== before && Date.parse(now) > Date.now()) return { state: 'renewed' }
    const response = await send(new Request(address(REFRESH), { method: 'POST' })).catch(() => undefined)
    if (response?.status === 401 || response?.status === 403) return { state: 'ended' }
    if (!response?.ok) return { state: 'unanswered', said: response }
    const body = (await response.json().catch(() => null)) as { expires_at?: string } | null
    rememberExpiry(body?.expires_at)
    return { state: 'renewed' }
  })
}

/** Renews the cookies; concurrent callers share one attempt. */
export function renewSignIn(before = storedExpiry()): Promise<Renewal> {
  refreshing ??= refreshOnce(before).finally(() => {
    refreshing = null
  })
  return refreshing
}

function address(path: string): URL {
  return new URL(path, window.location.origin)
}

async function send(request: Request): Promise<Response> {
  carryToken(request)
  const response = await fetch(request)
  const another = await learnFrom(new URL(request.url).pathname, response)
  if (another) for (const listener of listeners) listener.begun()
  return response
}

/** `fetch` that renews an expired sign-in, or the token of its page, once and repeats the request. */
export function apiFetch(input: Request | string, init?: RequestInit): Promise<Response> {
  const request = typeof input === 'string' ? new Request(address(input), init) : input
  return signedIn(() => send(request.clone()), !FINAL.includes(new URL(request.url).pathname))
}

/** The same for what sends by other means; `attempt` has to carry the token of the page. */
export async function signedIn(attempt: () => Promise<Response>, renews = true): Promise<Response> {
  // Read before the request: another tab may have renewed between its 401 and now.
  const before = storedExpiry()
  let response = await attempt()
  if (response.status === 401 && renews) {
    const renewal = await renewSignIn(before)
    if (renewal.state === 'ended') {
      announceSignedOut()
      return response
    }
    // That is why the request failed; "not signed in" would be untrue.
    if (renewal.state === 'unanswered')
      return renewal.said?.clone() ?? Promise.reject(new TypeError('unreachable'))
    response = await attempt()
  }
  if (await lacksToken(response)) {
    await send(new Request(address(ME)))
    response = await attempt()
  }
  return response
}
