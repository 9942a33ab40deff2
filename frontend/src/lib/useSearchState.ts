import { useEffect, useRef, useState } from 'react'
import { useSearchParams } from 'react-router'

/**
 * State that the address carries. It is held here and written there: the address follows a moment later, too late for a
 * field that somebody types in. What changes the address otherwise, such as a link, is taken over.
 */
export function useSearchState<T extends object>(
  read: (search: URLSearchParams) => T,
  write: (search: URLSearchParams, state: T) => URLSearchParams,
): [T, (change: Partial<T>) => void] {
  const [search, setSearch] = useSearchParams()
  const [state, setState] = useState(() => read(search))
  const told = write(new URLSearchParams(), read(search)).toString()
  const seen = useRef(told)
  /** What was written and has not come back yet, oldest first: several letters may be under way at once. */
  const own = useRef<string[]>([])

  // biome-ignore lint/correctness/useExhaustiveDependencies: `told` is all of the address that is of interest
  useEffect(() => {
    if (told === seen.current) return
    seen.current = told
    const at = own.current.indexOf(told)
    own.current = at < 0 ? [] : own.current.slice(at + 1)
    if (at < 0) setState(read(search))
  }, [told])

  const change = (wanted: Partial<T>) => {
    const next = { ...state, ...wanted }
    setState(next)
    const text = write(new URLSearchParams(), next).toString()
    if (text !== (own.current.at(-1) ?? told)) own.current.push(text)
    setSearch((before) => write(new URLSearchParams(before), next), { replace: true })
  }
  return [state, change]
}
