import { useQuery } from '@tanstack/react-query'
import { useReadOnly } from '@/lib/readOnly'
import { statesOptions } from './queries'
import type { States } from './types'

const still = (states: States): States => ({ ...states, moves: {}, execute_from: [], feedback_from: [] })

/** Where cards may go and what they may do here; nothing, in a project that can only be read. */
export function useStates() {
  const readOnly = useReadOnly()
  return useQuery({ ...statesOptions(), select: readOnly ? still : undefined })
}
