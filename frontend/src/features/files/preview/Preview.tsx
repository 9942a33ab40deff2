import { useQuery } from '@tanstack/react-query'
import { describe } from '@/api/errors'
import { ErrorState, Loading } from '@/ui/states'
import { readBytes } from '../model/content'
import { nameOf } from '../model/tree'
import { Frame } from './Frame'
import { imageType } from './kinds'

export interface PreviewProps {
  projectId: string
  path: string
  /** The text as it stands in the editor, or which version on disk of what is not text. */
  source: { text: string } | { etag: string }
}

/** A picture, or text as it is meant to be read. */
export function Preview({ projectId, path, source }: PreviewProps) {
  const text = 'text' in source ? source.text : null
  const { data, error, refetch } = useQuery({
    queryKey: [{ _id: 'preview', path: { project: projectId } }, path, source],
    queryFn: async ({ signal }) => {
      const type = imageType(path)
      if (type) {
        const bytes =
          text === null ? await readBytes(projectId, path, signal) : new TextEncoder().encode(text)
        return `<div class="picture"><img alt="" src="data:${type};base64,${base64(bytes)}"></div>`
      }
      const { markdownMarkup } = await import('./markdown')
      return markdownMarkup(text ?? '')
    },
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  })
  if (error) {
    return <ErrorState title="There is no preview" {...describe(error)} onRetry={() => void refetch()} />
  }
  if (data === undefined) return <Loading label="Making the preview…" />
  return <Frame title={`Preview of ${nameOf(path)}`} body={data} />
}

function base64(bytes: Uint8Array): string {
  const piece = 0x8000
  let binary = ''
  for (let at = 0; at < bytes.length; at += piece) {
    binary += String.fromCharCode(...bytes.subarray(at, at + piece))
  }
  return btoa(binary)
}
