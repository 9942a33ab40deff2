import { describe, expect, it } from 'vitest'
import { base64, decoded, encoded } from './encoding'

const bytes = (...values: number[]) => Uint8Array.from(values)

describe('bytes become text and the same bytes again', () => {
  it.each([
    ['utf-8', bytes(0xc3, 0xa4, 0x0a), 'utf-8', 'ä\n'],
    [null, bytes(0x61), 'utf-8', 'a'],
    ['utf-8', bytes(0xef, 0xbb, 0xbf, 0x61), 'utf-8', '\ufeffa'],
    ['utf-16', bytes(0xff, 0xfe, 0xe4, 0x00, 0x3d, 0xd8, 0x00, 0xde), 'utf-16le', '\ufeffä😀'],
    ['utf-16', bytes(0xfe, 0xff, 0x00, 0xe4), 'utf-16be', '\ufeffä'],
    ['latin-1', bytes(0x47, 0x72, 0xfc, 0xdf, 0x65), 'windows-1252', 'Grüße'],
  ])('%s %j', (named, stored, encoding, text) => {
    expect(decoded(stored, named)).toEqual({ encoding, text })
    expect([...(encoded(text, encoding as 'utf-8') ?? [])]).toEqual([...stored])
  })

  it('for each of the 256 bytes but the one that text has not', () => {
    const all = Uint8Array.from({ length: 255 }, (_, byte) => byte + 1)
    const { text } = decoded(all, 'latin-1') ?? { text: '' }
    expect(text).toHaveLength(255)
    expect(encoded(text, 'windows-1252')).toEqual(all)
  })
})

it.each([
  ['binary', bytes(0x89, 0x50)],
  ['utf-8', bytes(0xff, 0x61)],
  ['utf-16', bytes(0xff, 0xfe, 0x00, 0xd8)],
  ['latin-1', bytes(0xfc, 0x00)],
])('%s %j is no text', (named, stored) => expect(decoded(stored, named)).toBeNull())

it('has no bytes for letters that an encoding does not know', () => {
  expect(encoded('漢', 'windows-1252')).toBeNull()
  expect(encoded('漢', 'utf-16be')).toEqual(bytes(0x6f, 0x22))
})

it('writes base64 of any length', () => {
  expect(base64(new Uint8Array(100_000))).toBe(btoa('\0'.repeat(100_000)))
})
