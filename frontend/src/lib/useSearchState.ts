import { useState } from 'react'
import { useSearchParams } from 'react-router'

/**
 * State that the address carries. It is held here and written there: the address follows a moment later, too late for a
 * field that somebody types in.
 */
export function useSearchState<T extends object>(
  read: (search: URLSearchParams) => T,
  write: (search: URLSearchParams, state: T) => URLSearchParams,
): [T, (change: Partial<T>) => void] {
  const [search, setSearch] = useSearchParams()
  const [state, setState] = useState(() => read(search))
  const change = (wanted: Partial<T>) => {
    const next = { ...state, ...wanted }
    setState(next)
    setSearch((before) => write(new URLSearchParams(before), next), { replace: true })
  }
  return [state, change]
}
