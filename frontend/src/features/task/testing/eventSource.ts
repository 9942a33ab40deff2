import { vi } from 'vitest'

/** Stands in for the browser's EventSource, so that a test can be the server. */
export class FakeEventSource extends EventTarget {
  static readonly CONNECTING = 0
  static readonly OPEN = 1
  static readonly CLOSED = 2
  static all: FakeEventSource[] = []

  static install(): void {
    FakeEventSource.all = []
    vi.stubGlobal('EventSource', FakeEventSource)
  }

  static get latest(): FakeEventSource {
    const source = FakeEventSource.all.at(-1)
    if (!source) throw new Error('no EventSource was opened')
    return source
  }

  readonly url: string
  readyState = FakeEventSource.CONNECTING
  onopen: (() => void) | null = null

  constructor(url: string | URL) {
    super()
    this.url = String(url)
    FakeEventSource.all.push(this)
  }

  close(): void {
    this.readyState = FakeEventSource.CLOSED
  }

  open(): void {
    this.readyState = FakeEventSource.OPEN
    this.onopen?.()
  }

  say(type: string, data: unknown, seq?: number): void {
    const lastEventId = seq === undefined ? '' : String(seq)
    this.dispatchEvent(new MessageEvent(type, { data: JSON.stringify(data), lastEventId }))
  }

  fail(readyState: number): void {
    this.readyState = readyState
    this.dispatchEvent(new Event('error'))
  }
}
