import { HttpResponse, http } from 'msw'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ORIGIN, server } from '@/testing/server'
import { FakeEventSource } from '../testing/eventSource'
import type { NumberedOutput } from './output'
import { OutputStream, type StreamState } from './stream'

let batches: NumberedOutput[][]
let states: StreamState[]
let resets: number
let stream: OutputStream

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['requestAnimationFrame', 'setTimeout', 'clearTimeout'] })
  FakeEventSource.install()
  batches = []
  states = []
  resets = 0
  stream = new OutputStream('/api/output?session_id=s1', {
    onBatch: (batch) => batches.push(batch),
    onReset: () => {
      resets += 1
    },
    onState: (state) => states.push(state),
  })
  stream.start()
})

afterEach(() => {
  stream.stop()
  vi.useRealTimers()
})

function say(seq: number, type = 'output') {
  FakeEventSource.latest.say(type, { type, data: 'x', part_id: 'p' }, seq)
}

describe('batches', () => {
  it('gives one batch per painted frame', () => {
    say(1)
    say(2)
    expect(batches).toEqual([])
    vi.advanceTimersByTime(20)
    say(3)
    vi.advanceTimersByTime(20)
    expect(batches.map((batch) => batch.map(({ seq }) => seq))).toEqual([[1, 2], [3]])
  })

  it('takes the error of an agent for output, not for a broken line', () => {
    FakeEventSource.latest.say('error', { type: 'error', name: 'APIError', message: 'no' }, 4)
    vi.advanceTimersByTime(20)
    expect(batches[0]?.[0]?.event.type).toBe('error')
    expect(states).not.toContain('reconnecting')
  })

  it('loses nothing that waits for a frame when the end comes', () => {
    say(1, 'completion')
    FakeEventSource.latest.say('end', {})
    expect(batches).toHaveLength(1)
    expect(states.at(-1)).toBe('ended')
    expect(FakeEventSource.latest.readyState).toBe(FakeEventSource.CLOSED)
  })
})

describe('reset', () => {
  it('forgets what waits and starts over', () => {
    say(1)
    FakeEventSource.latest.say('reset', {})
    vi.advanceTimersByTime(20)
    expect(resets).toBe(1)
    expect(batches).toEqual([])
  })
})

describe('a broken line', () => {
  it('is left to the browser while it retries by itself', () => {
    FakeEventSource.latest.fail(FakeEventSource.CONNECTING)
    expect(states.at(-1)).toBe('reconnecting')
    vi.advanceTimersByTime(60_000)
    expect(FakeEventSource.all).toHaveLength(1)
  })

  it('is opened anew after a refusal, from the last number seen, with a sign-in that is renewed', async () => {
    let asked = 0
    server.use(
      http.get(`${ORIGIN}/api/auth/me`, () => {
        asked += 1
        return HttpResponse.json({})
      }),
    )
    say(7)
    vi.advanceTimersByTime(20)
    FakeEventSource.latest.fail(FakeEventSource.CLOSED)
    vi.advanceTimersByTime(1_000)
    vi.useRealTimers()
    await vi.waitFor(() => expect(FakeEventSource.all).toHaveLength(2))
    expect(asked).toBe(1)
    expect(FakeEventSource.latest.url).toContain('after=7')
  })

  it('is not opened anew after the reader left', () => {
    FakeEventSource.latest.fail(FakeEventSource.CLOSED)
    stream.stop()
    vi.advanceTimersByTime(60_000)
    expect(FakeEventSource.all).toHaveLength(1)
  })
})
