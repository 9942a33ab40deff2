import { describe, expect, it } from 'vitest'
import { type Buffer, deleted, isDirty, kept, loaded, saved, taken } from './buffer'

const fresh = loaded(undefined, { text: 'one', etag: '1', encoding: 'utf-8' })
const typed: Buffer = { ...fresh, text: 'one and mine' }
const newer = { text: 'two', etag: '2', encoding: 'utf-8' } as const

describe('what is read from disk', () => {
  it('replaces a text that nobody touched', () => {
    expect(taken(fresh, newer)).toMatchObject({ text: 'two', etag: '2', revision: 2, disk: null })
  })

  it('waits beside a text that is not saved', () => {
    const waiting = taken(typed, newer)
    expect(waiting).toEqual({ ...typed, disk: newer })
    expect(taken(waiting, { text: 'one', etag: '1', encoding: 'utf-8' }).disk).toBeNull()
  })

  it('is nothing new in the version known, or with the same text', () => {
    expect(taken(typed, { text: 'one', etag: '1', encoding: 'utf-8' })).toEqual(typed)
    const same = taken(typed, { text: typed.text, etag: '2', encoding: 'utf-8' })
    expect(same).toMatchObject({ etag: '2', revision: 1, disk: null })
    expect(isDirty(same)).toBe(false)
  })

  it('brings a deleted file back', () => {
    expect(taken(deleted(fresh), newer)).toMatchObject({ text: 'two', disk: null })
    expect(taken(deleted(typed), newer)).toMatchObject({ text: typed.text, disk: newer })
  })
})

describe('a text that is kept', () => {
  it('is unsaved against what is on disk now', () => {
    const mine = kept(taken(typed, newer))
    expect(mine).toMatchObject({ text: typed.text, saved: 'two', etag: '2', disk: null, revision: 1 })
    expect(isDirty(mine)).toBe(true)
  })

  it('is unsaved while the file is deleted, also when nothing was typed', () => {
    expect(isDirty(fresh)).toBe(false)
    expect(isDirty(deleted(fresh))).toBe(true)
    expect(isDirty(saved(deleted(fresh), { text: 'one', etag: '3', encoding: 'utf-8' }))).toBe(false)
  })
})
