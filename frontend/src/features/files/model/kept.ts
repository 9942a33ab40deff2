/** The unsaved texts of a sign-in that has ended, as they are kept until the same person is back. Pure. */
import { type Buffer, isDirty } from './buffer'

/** In letters; browsers give a site about five million of them. */
export const MOST_KEPT = 1_500_000

export interface Kept {
  buffers: [path: string, buffer: Buffer][]
  /** The files whose texts were too long. */
  lost: string[]
}

export function isKept(value: unknown): value is Kept {
  const { buffers, lost } = (value ?? {}) as Partial<Kept>
  return Array.isArray(buffers) && Array.isArray(lost)
}

/** Null where everything is saved. */
export function keptOf(buffers: Iterable<[string, Buffer]>): Kept | null {
  const kept: Kept = { buffers: [], lost: [] }
  let room = MOST_KEPT
  for (const [path, buffer] of buffers) {
    if (!isDirty(buffer)) continue
    const needed = buffer.text.length + buffer.saved.length
    if (needed > room) {
      kept.lost.push(path)
      continue
    }
    room -= needed
    // What else is on disk is read anew; a file that is not in front is not seen to be deleted once more.
    kept.buffers.push([path, { ...buffer, disk: buffer.disk === 'deleted' ? 'deleted' : null }])
  }
  return kept.buffers.length + kept.lost.length === 0 ? null : kept
}
