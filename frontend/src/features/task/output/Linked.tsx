import { useMemo } from 'react'
import { Link, useParams } from 'react-router'
import { filesUrl } from '@/lib/filesUrl'
import { placesIn } from '../model/places'

/** More than this is shown, but not searched for names at every piece that arrives. */
const LONGEST = 200_000

/** Plain text in which the files it names lead to the editor. */
export function Linked({ text }: { text: string }) {
  const { project } = useParams()
  const pieces = useMemo(
    () => (project && text.length <= LONGEST ? placesIn(text) : [{ text, place: null }]),
    [project, text],
  )
  return pieces.map(({ text: piece, place }, index) =>
    place ? (
      <Link
        // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of one text never change places
        key={index}
        to={filesUrl(project ?? '', place.path, place.line)}
        className="underline decoration-dotted underline-offset-2 hover:text-accent-ink"
      >
        {piece}
      </Link>
    ) : (
      piece
    ),
  )
}
