import { useMemo } from 'react'
import { Link, useParams } from 'react-router'
import type { OutputTool } from '@/api/types'
import { filesUrl } from '@/lib/filesUrl'
import type { Links } from '@/ui/markdown'
import { type Place, placeInText, placeOfCall, placesIn } from '../model/places'

/** Where the files lie that are named in the text of an agent; none outside a project. */
export function useFileLinks(): Links | undefined {
  const { project } = useParams()
  return useMemo(() => {
    if (!project) return undefined
    const to = (place: Place | null) => place && filesUrl(project, place.path, place.line)
    return {
      ofCode: (code: string) => to(placeInText(code)),
      inText: (text: string) => placesIn(text).map((piece) => ({ text: piece.text, to: to(piece.place) })),
    }
  }, [project])
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
