/**
 * The token that shows the server that a request comes from a page of ours. It belongs to the sign-in, is told with it,
 * and is kept in memory only; with it goes whose sign-in it is.
 */
const TOLD_BY = ['/api/auth/me', '/api/auth/launch', '/api/auth/refresh', '/api/auth/oidc/callback']
const SAFE = ['GET', 'HEAD', 'OPTIONS']

interface Told {
  csrf_token?: string | null
  user?: { id?: string }
}

let token: string | null = null
let person: string | null = null

/** The id of who is known to be signed in. */
export function knownPerson(): string | null {
  return person
}

export function forgetPerson(): void {
  token = null
  person = null
}

/** For what is not sent by `fetch`. */
export function tokenHeaders(): Record<string, string> {
  return token ? { 'X-CSRF-Token': token } : {}
}

export function carryToken(request: Request): void {
  if (token && !SAFE.includes(request.method)) request.headers.set('X-CSRF-Token', token)
}

/** Takes over what an answer tells; true when it is somebody else's than what was known. */
export async function learnFrom(path: string, response: Response): Promise<boolean> {
  if (!response.ok || !TOLD_BY.includes(path)) return false
  const told = (await response
    .clone()
    .json()
    .catch(() => null)) as Told | null
  if (told?.csrf_token) token = told.csrf_token
  const before = person
  person = told?.user?.id ?? person
  return before !== null && person !== before
}

/** Whether the server missed the token of this sign-in: the browser's cookies are those of another by now. */
export async function lacksToken(response: Response): Promise<boolean> {
  if (response.status !== 403) return false
  const body = (await response
    .clone()
    .json()
    .catch(() => null)) as { error?: { details?: { reason?: unknown } } } | null
  return body?.error?.details?.reason === 'csrf'
}
