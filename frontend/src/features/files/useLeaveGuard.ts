import { isUnder } from '@/lib/paths'
import { useUnsaved } from '@/ui/unsaved'

/** Asks before unsaved text is left behind; moving between files of the page keeps it and asks nothing. */
export function useLeaveGuard(unsaved: number, home: string): void {
  const files = unsaved === 1 ? 'One file has' : `${unsaved} files have`
  useUnsaved(
    unsaved > 0 ? `${files} changes that are not saved.` : null,
    (_, { pathname }) => !isUnder(pathname, home),
  )
}
