/** Text in the encodings that older files are written in: read without loss, and written back as it was. Pure. */

export type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252'

/** How people call them; plain UTF-8 needs no word. */
export const ENCODING_NAMES: Record<Exclude<Encoding, 'utf-8'>, string> = {
  'utf-16le': 'UTF-16',
  'utf-16be': 'UTF-16 BE',
  'windows-1252': 'Latin-1',
}

export interface Decoded {
  text: string
  encoding: Encoding
}

function encodingOf(bytes: Uint8Array, named: string | null): Encoding | null {
  if (named === 'binary') return null
  if (named === 'utf-16') return bytes[0] === 0xfe ? 'utf-16be' : 'utf-16le'
  // It has a letter for each byte, the printable ones of Latin-1 among them.
  return named === 'latin-1' ? 'windows-1252' : 'utf-8'
}

/** What the bytes say in the encoding that the server found; null for what is no text. A byte order mark stays in it. */
export function decoded(bytes: Uint8Array, named: string | null): Decoded | null {
  const encoding = encodingOf(bytes, named)
  if (encoding === null || (encoding === 'windows-1252' && bytes.includes(0))) return null
  try {
    return { encoding, text: new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes) }
  } catch {
    return null
  }
}

/** Null where the encoding has no letter for something in the text. */
export function encoded(text: string, encoding: Encoding): Uint8Array | null {
  if (encoding === 'utf-8') return new TextEncoder().encode(text)
  return encoding === 'windows-1252' ? single(text) : wide(text, encoding === 'utf-16le')
}

function wide(text: string, little: boolean): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(text.length * 2))
  for (let at = 0; at < text.length; at += 1) bytes.setUint16(at * 2, text.charCodeAt(at), little)
  return new Uint8Array(bytes.buffer)
}

function single(text: string): Uint8Array | null {
  const letters = new TextDecoder('windows-1252').decode(Uint8Array.from({ length: 256 }, (_, byte) => byte))
  const bytes = new Map([...letters].map((letter, byte) => [letter, byte]))
  const out = new Uint8Array(text.length)
  for (let at = 0; at < text.length; at += 1) {
    const byte = bytes.get(text.charAt(at))
    if (byte === undefined) return null
    out[at] = byte
  }
  return out
}

const PIECE = 0x8000

export function base64(bytes: Uint8Array): string {
  let letters = ''
  for (let at = 0; at < bytes.length; at += PIECE)
    letters += String.fromCharCode(...bytes.subarray(at, at + PIECE))
  return btoa(letters)
}
