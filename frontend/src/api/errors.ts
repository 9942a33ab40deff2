/** The server's refusal or fault, or our own inability to reach it (`status` 0). */
export class ApiError extends Error {
  override readonly name = 'ApiError'

  constructor(
    message: string,
    readonly status: number,
    readonly type: string = 'INTERNAL_ERROR',
    readonly details: Record<string, unknown> = {},
    readonly requestId: string | null = null,
    /** Seconds after which the server wants to be asked again, if it said so. */
    readonly retryAfter: number | null = null,
  ) {
    super(message)
  }

  /** Asking again later may help. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 502
  }
}

const UNREACHABLE =
  'The server cannot be reached. Check that opm is running; this page tries again by itself.'

/** Makes an `ApiError` of the wire form `{"error": {...}}`, or of whatever came instead. */
export function toApiError(body: unknown, response?: Response): ApiError {
  if (body instanceof ApiError) return body
  if (!response) return new ApiError(UNREACHABLE, 0, 'UNREACHABLE')
  const wire = (body as { error?: Record<string, unknown> } | null)?.error
  if (wire && typeof wire.message === 'string') {
    return new ApiError(
      wire.message,
      response.status,
      String(wire.type ?? 'INTERNAL_ERROR'),
      (wire.details as Record<string, unknown> | null) ?? {},
      (wire.request_id as string | null) ?? response.headers.get('x-request-id'),
      retryAfter(response),
    )
  }
  const wait = retryAfter(response)
  return new ApiError(
    response.status === 429
      ? `Too many requests; try again in ${wait === null || wait === 1 ? 'a moment' : `${wait} seconds`}.`
      : `The server answered ${response.status} without saying why. Try again, and look at its log if it persists.`,
    response.status,
    'INTERNAL_ERROR',
    {},
    response.headers.get('x-request-id'),
    wait,
  )
}

function retryAfter(response: Response): number | null {
  const said = response.headers.get('retry-after') ?? ''
  return /^\d{1,6}$/.test(said) ? Number(said) : null
}

export async function readApiError(response: Response): Promise<ApiError> {
  return toApiError(await response.json().catch(() => null), response)
}

/** What to show of anything that was thrown. */
export function describe(error: unknown): { message: string; requestId: string | null } {
  if (error instanceof ApiError) return { message: error.message, requestId: error.requestId }
  const message = error instanceof Error && error.message ? error.message : 'Something went wrong.'
  return { message, requestId: null }
}

/** The server's reason about one field of a form, if it named that field. */
export function fieldError(error: unknown, field: string): string | null {
  if (!(error instanceof ApiError)) return null
  if (error.details.field === field) return error.message
  if (!Array.isArray(error.details.fields)) return null
  const fields = error.details.fields as { field: string; reason: string }[]
  return fields.find((entry) => entry.field === `body.${field}`)?.reason ?? null
}
