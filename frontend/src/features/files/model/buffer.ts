/** One open file: its text, and what is known of the disk. Pure. */

import type { Encoding } from './encoding'

export interface Version {
  text: string
  etag: string
  encoding: Encoding
}

export interface Buffer {
  /** The version on disk that the text is based on; null after the file was deleted under it. */
  etag: string | null
  /** That of the file; saving keeps it. */
  encoding: Encoding
  saved: string
  text: string
  /** Grows when the text was replaced from outside, so that an editor takes it over. */
  revision: number
  /** What is on disk if that is neither the text nor what it is based on: it waits for a decision. */
  disk: Version | 'deleted' | null
}

export function isDirty(buffer: Buffer): boolean {
  return buffer.text !== buffer.saved || buffer.disk === 'deleted'
}

/** Takes the text from disk, whatever was here. */
export function loaded(before: Buffer | undefined, { text, etag, encoding }: Version): Buffer {
  return { etag, encoding, saved: text, text, revision: (before?.revision ?? 0) + 1, disk: null }
}

/** What was read from disk, as far as that loses nothing that was typed. */
export function taken(before: Buffer | undefined, disk: Version): Buffer {
  if (!before) return loaded(before, disk)
  if (before.etag === disk.etag) return { ...before, disk: null }
  if (before.text === disk.text) return saved(before, disk)
  return before.text === before.saved ? loaded(before, disk) : { ...before, disk }
}

/** `text` is on disk now; what was typed since stays. */
export function saved(before: Buffer, { text, etag, encoding }: Version): Buffer {
  return { ...before, saved: text, etag, encoding, disk: null }
}

export function deleted(before: Buffer): Buffer {
  return { ...before, etag: null, disk: 'deleted' }
}

/** The text stays as it is; the next save replaces what is on disk now. */
export function kept(before: Buffer): Buffer {
  return before.disk === null || before.disk === 'deleted' ? before : saved(before, before.disk)
}
