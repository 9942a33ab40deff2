import { useCallback, useMemo } from 'react'
import { useLocation, useNavigate, useParams, useSearchParams } from 'react-router'
import { filesUrl } from '@/lib/filesUrl'
import { formerPlace, placeOf } from './model/address'

/** Which file and line the address names, and the way to another. */
export function usePlace(projectId: string) {
  const { project: ref = projectId, '*': former = '' } = useParams()
  const [search] = useSearchParams()
  const { hash } = useLocation()
  const navigate = useNavigate()
  const { path, line, run } = placeOf(search)
  const place = former ? formerPlace(former, hash) : null

  const open = useCallback(
    (file: string, at: number | null = null) => void navigate(filesUrl(ref, file, at)),
    [navigate, ref],
  )
  /** As open, when going back to what was shown makes no sense. */
  const replace = useCallback(
    (file: string) => void navigate(filesUrl(ref, file), { replace: true }),
    [navigate, ref],
  )
  const home = filesUrl(ref)
  const movedTo = place && filesUrl(ref, place.path, place.line)
  return useMemo(
    () => ({ path, line, run, home, open, replace, movedTo }),
    [path, line, run, home, open, replace, movedTo],
  )
}
