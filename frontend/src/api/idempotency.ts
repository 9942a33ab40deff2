/**
 * One `Idempotency-Key` per wish: the server carries out a creating request once for each key and answers a repetition
 * with its first answer. It keeps successes only, so that a key can be used again after any failure.
 */

const KEY = 'Idempotency-Key'
/** Far below the day for which the server remembers. */
const REMEMBERED_MS = 10 * 60_000
/** A sign-in to renew, the first request still at work, too many requests: these say nothing of what became of it. */
const UNDECIDED = [401, 409, 425, 429]

interface Unanswered {
  body: string
  key: string
  until: number
}

/** The last request to each address of which nobody knows whether it was carried out. */
const unanswered = new Map<string, Unanswered>()

/** `crypto.randomUUID` is there on secure origins only, and a server in one's own network is none. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
}

function settles({ ok, status }: Response): boolean {
  return ok || (status < 500 && !UNDECIDED.includes(status))
}

/** Gives each POST its key; one that is tried again after its answer was lost bears the key of the first attempt. */
export function withKeys(send: (request: Request) => Promise<Response>) {
  return async (request: Request): Promise<Response> => {
    if (request.method !== 'POST' || request.headers.has(KEY)) return send(request)
    const body = await request.clone().text()
    const before = unanswered.get(request.url)
    unanswered.delete(request.url)
    const same = before?.body === body && Date.now() < before.until
    const key = same ? before.key : newKey()
    request.headers.set(KEY, key)
    const remember = () => {
      // A bare verb, such as start or stop, acts on a state that refuses to be entered twice, and may soon be wanted anew.
      if (body) unanswered.set(request.url, { body, key, until: Date.now() + REMEMBERED_MS })
    }
    try {
      const response = await send(request)
      if (!settles(response)) remember()
      // An answer that breaks off half-way is as good as none.
      else await response.clone().arrayBuffer()
      return response
    } catch (failure) {
      remember()
      throw failure
    }
  }
}
