import { applyPatch, parsePatch, reversePatch } from 'diff'

/**
 * The text as it was before a run changed it by this unified diff; what was changed elsewhere in it since stays.
 * Null where the diff's own lines were changed again, so that nobody can tell.
 */
export function before(text: string, patch: string): string | null {
  const [parsed] = parsePatch(patch)
  if (!parsed) return null
  const found = applyPatch(text, reversePatch(parsed))
  return found === false ? null : found
}
