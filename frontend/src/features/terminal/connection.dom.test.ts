import { beforeEach, describe, expect, it, vi } from 'vitest'
import { FakeWebSocket } from '@/testing/socket'
import { TerminalConnection } from './connection'

let heard = ''
let resets = 0
let skipped = 0
let states: string[] = []
let replays: boolean[] = []
let connection: TerminalConnection

function output(text: string) {
  const data = new TextEncoder().encode(text).buffer
  FakeWebSocket.latest.onmessage?.({ data } as unknown as { data: string })
}

const cursorAsked = () => new URL(String(FakeWebSocket.latest.url)).searchParams.get('cursor')

beforeEach(() => {
  heard = ''
  resets = 0
  skipped = 0
  states = []
  replays = []
  vi.useFakeTimers()
  connection = new TerminalConnection('ws://opm.test/api/projects/p/terminal?terminal=pty_1', {
    onOutput: (data, replay, shown) => {
      heard += new TextDecoder().decode(data)
      replays.push(replay)
      shown()
    },
    onReset: () => {
      resets += 1
    },
    onSkipped: () => {
      skipped += 1
    },
    onState: (state) => states.push(state),
  })
  connection.open()
  return () => {
    connection.close()
    vi.useRealTimers()
  }
})

describe('a terminal line', () => {
  it('comes back where it was, counting as the server does', async () => {
    output('grüß 😀')
    FakeWebSocket.latest.say({ type: 'cursor', cursor: 11 })
    output('live')
    expect([cursorAsked(), heard, replays]).toEqual(['0', 'grüß 😀live', [true, false]])
    FakeWebSocket.latest.close(1006)
    await vi.advanceTimersByTimeAsync(1_000)
    expect([cursorAsked(), resets]).toEqual(['15', 1])
    output('more')
    FakeWebSocket.latest.say({ type: 'cursor', cursor: 19 })
    expect([heard, skipped, states]).toEqual(['grüß 😀livemore', 0, ['live', 'reconnecting', 'live']])
  })

  it('begins anew when a replay was broken off', async () => {
    output('half')
    FakeWebSocket.latest.close(1012)
    await vi.advanceTimersByTimeAsync(1_000)
    expect([cursorAsked(), resets]).toEqual(['0', 2])
  })

  it('tells of output that is missing, and goes on behind it', async () => {
    FakeWebSocket.latest.say({ type: 'cursor', cursor: 10 })
    FakeWebSocket.latest.say({ type: 'skipped', bytes: 90, cursor: 100 })
    FakeWebSocket.latest.close(1006)
    await vi.advanceTimersByTimeAsync(1_000)
    expect([cursorAsked(), skipped]).toEqual(['100', 1])
    output('tail')
    FakeWebSocket.latest.say({ type: 'cursor', cursor: 500 })
    expect(skipped).toBe(2)
  })

  it('acknowledges bytes, and sends a long paste in pieces', () => {
    output('ü')
    connection.input('x'.repeat(20_000))
    connection.resize(30, 90)
    expect(
      FakeWebSocket.latest.sent.map(
        (message) => message.bytes ?? message.rows ?? String(message.data).length,
      ),
    ).toEqual([2, 16_000, 4_000, 30])
  })

  it('cuts no letter of a long paste in two', () => {
    const text = `${'x'.repeat(15_999)}😀${'y'.repeat(15_999)}`
    connection.input(text)
    const pieces = FakeWebSocket.latest.sent.map(({ data }) => String(data))
    expect(pieces).toEqual([text.slice(0, 15_999), text.slice(15_999, 31_999), 'y'])
  })

  it('never asks for more rows or columns than the server takes', () => {
    connection.resize(501, 90)
    connection.resize(30, 2_000)
    expect(FakeWebSocket.latest.sent).toEqual([
      { type: 'resize', rows: 500, cols: 90 },
      { type: 'resize', rows: 30, cols: 500 },
    ])
  })

  it('does not come back to a server that does not understand it', async () => {
    const sockets = FakeWebSocket.all.length
    FakeWebSocket.latest.say({ type: 'cursor', cursor: 0 })
    FakeWebSocket.latest.close(1003)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(FakeWebSocket.all).toHaveLength(sockets)
    expect(states).toEqual(['live', 'refused'])
  })

  it.each([1000, 4404])('stays away when the shell has ended (%i)', async (code) => {
    const sockets = FakeWebSocket.all.length
    if (code === 1000) FakeWebSocket.latest.say({ type: 'exit' })
    FakeWebSocket.latest.close(code)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(FakeWebSocket.all).toHaveLength(sockets)
    expect(states.at(-1)).toBe('ended')
  })
})
