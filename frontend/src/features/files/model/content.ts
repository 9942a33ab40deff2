/** Reading a file for the editor: text with its tag, or why it is not text to edit. */
import { apiFetch } from '@/api/auth'
import { readApiError, toApiError } from '@/api/errors'
import { contentUrl } from './address'

export const LARGEST_TEXT = 2 << 20

export type FileContent =
  | { kind: 'text'; text: string; etag: string }
  | { kind: 'binary' | 'large'; size: number | null }

async function readResponse(response: Response): Promise<FileContent> {
  const length = response.headers.get('content-length')
  const size = length === null ? null : Number(length)
  const binary = response.headers.get('x-opm-binary') === 'true'
  if (binary || (size !== null && size > LARGEST_TEXT)) {
    // The rest is not wanted; whether the line closes at once is of no interest.
    void response.body?.cancel().catch(() => undefined)
    return { kind: binary ? 'binary' : 'large', size }
  }
  const bytes = await response.arrayBuffer()
  if (bytes.byteLength > LARGEST_TEXT) return { kind: 'large', size: bytes.byteLength }
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return { kind: 'text', text, etag: response.headers.get('etag') ?? '' }
  } catch {
    return { kind: 'binary', size: bytes.byteLength }
  }
}

export async function readFile(projectId: string, path: string, signal?: AbortSignal): Promise<FileContent> {
  const response = await apiFetch(contentUrl(projectId, path), { signal, cache: 'no-store' }).catch(
    (error: unknown) => {
      throw error instanceof DOMException ? error : toApiError(error)
    },
  )
  if (!response.ok) throw await readApiError(response)
  return readResponse(response)
}
