/** Sends one file and tells how far it is: `fetch` would not say. */
import { signedIn } from '@/api/auth'
import { tokenHeaders } from '@/api/csrf'
import { toApiError } from '@/api/errors'
import { contentUrl } from './model/address'

export interface Sending {
  overwrite: boolean
  signal: AbortSignal
  /** How many bytes are on their way, each time there are more. */
  onSent: (bytes: number) => void
}

/** Throws the server's refusal as an `ApiError`, and an `AbortError` when it was called off. */
export async function sendFile(projectId: string, path: string, file: Blob, how: Sending): Promise<void> {
  const url = `${contentUrl(projectId, path)}&overwrite=${how.overwrite}`
  const answer = await signedIn(() => put(url, file, how))
  if (!answer.ok) throw toApiError(await answer.json().catch(() => null), answer)
}

function put(url: string, file: Blob, { signal, onSent }: Sending): Promise<Response> {
  return new Promise((resolve, reject) => {
    const aborted = () => reject(new DOMException('The upload was called off.', 'AbortError'))
    if (signal.aborted) return aborted()
    const request = new XMLHttpRequest()
    const stop = () => {
      request.abort()
      aborted()
    }
    signal.addEventListener('abort', stop)
    request.upload.onprogress = ({ loaded }) => onSent(loaded)
    request.onload = () =>
      resolve(
        new Response(request.responseText, {
          status: request.status,
          headers: { 'x-request-id': request.getResponseHeader('x-request-id') ?? '' },
        }),
      )
    request.onerror = () => reject(toApiError(undefined))
    request.onloadend = () => signal.removeEventListener('abort', stop)
    request.open('PUT', new URL(url, window.location.origin))
    request.setRequestHeader('Content-Type', 'application/octet-stream')
    for (const [name, value] of Object.entries(tokenHeaders())) request.setRequestHeader(name, value)
    request.send(file)
  })
}
