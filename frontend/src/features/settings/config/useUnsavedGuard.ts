import { useUnsaved } from '@/ui/unsaved'

/** Asks before a changed configuration is left behind. */
export function useUnsavedGuard(unsaved: boolean): void {
  useUnsaved(unsaved ? 'The configuration has changes that are not saved.' : null)
}
