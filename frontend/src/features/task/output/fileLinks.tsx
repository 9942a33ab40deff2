import { useCallback } from 'react'
import { Link, useParams } from 'react-router'
import type { OutputTool } from '@/api/types'
import { filesUrl } from '@/lib/filesUrl'
import { placeInText, placeOfCall } from '../model/places'

/** Where a file lies that is named in the text of an agent; null for what is none. */
export function useFileLink(): (text: string) => string | null {
  const { project } = useParams()
  return useCallback(
    (text) => {
      const place = project ? placeInText(text) : null
      return place && filesUrl(project ?? '', place.path, place.line)
    },
    [project],
  )
}

/** Opens the file of a call in the editor. */
export function OpenFile({ call }: { call: OutputTool }) {
  const { project } = useParams()
  const place = placeOfCall(call)
  if (!project || !place) return null
  return (
    <Link
      to={filesUrl(project, place.path, place.line)}
      aria-label={`Open ${place.path}`}
      className="shrink-0 px-1.5 py-0.5 text-xs text-accent-ink hover:underline"
    >
      Open
    </Link>
  )
}
