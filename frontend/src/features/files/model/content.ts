/** Reading a file for the editor: text with its tag, or why it is not text to edit. */
import { apiFetch } from '@/api/auth'
import { readApiError, toApiError } from '@/api/errors'
import { contentUrl, originalUrl } from './address'
import type { Version } from './buffer'
import { decoded } from './encoding'

export const LARGEST_TEXT = 2 << 20

export type FileContent =
  | ({ kind: 'text' } & Version)
  | { kind: 'binary' | 'large'; size: number | null; etag: string }

/** More than this is not worth holding in memory for a preview. */
export const LARGEST_PREVIEW = 10 << 20

async function readResponse(response: Response): Promise<FileContent> {
  const etag = response.headers.get('etag') ?? ''
  const length = response.headers.get('content-length')
  const size = length === null ? null : Number(length)
  const named = response.headers.get('x-file-encoding')
  const binary = named ? named === 'binary' : response.headers.get('x-opm-binary') === 'true'
  if (binary || (size !== null && size > LARGEST_TEXT)) {
    // The rest is not wanted; whether the line closes at once is of no interest.
    void response.body?.cancel().catch(() => undefined)
    return { kind: binary ? 'binary' : 'large', size, etag }
  }
  const bytes = await response.arrayBuffer()
  if (bytes.byteLength > LARGEST_TEXT) return { kind: 'large', size: bytes.byteLength, etag }
  const text = decoded(new Uint8Array(bytes), named)
  if (!text) return { kind: 'binary', size: bytes.byteLength, etag }
  return { kind: 'text', ...text, etag }
}

async function fetched(url: string, signal?: AbortSignal): Promise<Response> {
  const response = await apiFetch(url, { signal, cache: 'no-store' }).catch((error: unknown) => {
    throw error instanceof DOMException ? error : toApiError(error)
  })
  if (!response.ok) throw await readApiError(response)
  return response
}

export async function readFile(projectId: string, path: string, signal?: AbortSignal): Promise<FileContent> {
  return readResponse(await fetched(contentUrl(projectId, path), signal))
}

/** The text of the last commit; null if that is not text, or too long to show. */
export async function readOriginal(
  projectId: string,
  path: string,
  signal?: AbortSignal,
): Promise<string | null> {
  const content = await readResponse(await fetched(originalUrl(projectId, path), signal))
  return content.kind === 'text' ? content.text : null
}

export async function readBytes(projectId: string, path: string, signal?: AbortSignal): Promise<Uint8Array> {
  const response = await fetched(contentUrl(projectId, path), signal)
  if (Number(response.headers.get('content-length') ?? 0) > LARGEST_PREVIEW) {
    void response.body?.cancel().catch(() => undefined)
    throw new Error('The file is larger than 10 MB; download it to look at it.')
  }
  return new Uint8Array(await response.arrayBuffer())
}
