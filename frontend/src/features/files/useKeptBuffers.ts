import { useEffect, useRef, useState } from 'react'
import { knownPerson } from '@/api/csrf'
import { useDraft } from '@/lib/draft'
import { toast } from '@/ui/toast'
import type { Buffer } from './model/buffer'
import { isKept, type Kept, keptOf } from './model/kept'

/** The unsaved texts that this person had here when a sign-in ended: the page goes away with it, and keeps them then. */
export function useKeptBuffers(projectId: string, current: () => Iterable<[string, Buffer]>): Kept | null {
  // At its end nobody knows any more whose sign-in it was.
  const [person] = useState(knownPerson)
  const [kept, keep] = useDraft(`opm.unsaved.${person}.${projectId}`, isKept)
  const [back] = useState(kept)
  const latest = useRef(current)
  latest.current = current

  useEffect(() => {
    if (!back) return
    keep(null)
    if (back.buffers.length > 0) toast.info('Your unsaved changes are back', { id: 'files.back' })
    if (back.lost.length > 0) {
      toast.error('Some unsaved changes were too long to be kept while you were signed out', {
        id: 'files.lost',
        description: back.lost.join(', '),
      })
    }
  }, [back, keep])

  useEffect(() => {
    return () => {
      // Whoever leaves while signed in was asked, and has given the changes up.
      if (person === null || knownPerson() === person) return
      const found = keptOf(latest.current())
      if (found) keep(found)
    }
  }, [person, keep])
  return back
}
