/** The server-sent output of one run: numbered events in batches, one batch per painted frame. */
import { apiFetch } from '@/api/auth'
import type { AnyOutput } from '@/api/types'
import type { NumberedOutput } from './output'

export type StreamState = 'connecting' | 'live' | 'reconnecting' | 'ended'

export interface StreamHandlers {
  onBatch: (batch: NumberedOutput[]) => void
  /** What was shown is not this run's output: forget it; everything comes again. */
  onReset: () => void
  onState: (state: StreamState) => void
}

const TYPES = [
  'output',
  'status',
  'tool',
  'todos',
  'ask',
  'answered',
  'file',
  'child',
  'snapshot',
  'completion',
] as const

const FIRST_WAIT = 1_000
const LONGEST_WAIT = 15_000

export class OutputStream {
  private source: EventSource | null = null
  private pending: NumberedOutput[] = []
  private frame: ReturnType<typeof setTimeout> | number | undefined
  private retry: ReturnType<typeof setTimeout> | undefined
  private failures = 0
  private last = 0
  private closed = false

  constructor(
    private readonly url: string,
    private readonly handlers: StreamHandlers,
  ) {}

  start(): void {
    this.handlers.onState('connecting')
    this.open()
  }

  stop(): void {
    this.closed = true
    this.flush()
    clearTimeout(this.retry)
    this.source?.close()
    this.source = null
  }

  private open(): void {
    const url = new URL(this.url, window.location.origin)
    if (this.last > 0) url.searchParams.set('after', String(this.last))
    const source = new EventSource(url)
    this.source = source
    source.onopen = () => {
      this.failures = 0
      this.handlers.onState('live')
    }
    for (const type of TYPES) source.addEventListener(type, this.take)
    source.addEventListener('reset', () => {
      this.pending = []
      this.last = 0
      this.handlers.onReset()
    })
    source.addEventListener('end', () => {
      this.stop()
      this.handlers.onState('ended')
    })
    // The agent's errors and the connection's own share this name; only the agent's carry data.
    source.addEventListener('error', (event) => {
      if (event instanceof MessageEvent) this.take(event)
      else this.broken(source)
    })
  }

  private take = (event: MessageEvent): void => {
    const seq = Number(event.lastEventId)
    if (!Number.isInteger(seq) || seq <= 0) return
    this.last = Math.max(this.last, seq)
    this.pending.push({ seq, event: JSON.parse(event.data) as AnyOutput })
    this.schedule()
  }

  private schedule(): void {
    if (this.frame !== undefined) return
    // A hidden tab paints no frames, but must not pile up events either.
    this.frame =
      document.visibilityState === 'visible'
        ? requestAnimationFrame(() => this.flush())
        : setTimeout(() => this.flush(), 250)
  }

  private flush(): void {
    this.frame = undefined
    const batch = this.pending
    this.pending = []
    if (batch.length > 0) this.handlers.onBatch(batch)
  }

  private broken(source: EventSource): void {
    if (this.closed || source !== this.source) return
    this.handlers.onState('reconnecting')
    if (source.readyState !== EventSource.CLOSED) return
    // Refused, perhaps because the sign-in is over: any request through `apiFetch` renews it.
    const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.failures)
    this.failures += 1
    this.retry = setTimeout(() => void this.reopen(), wait)
  }

  private async reopen(): Promise<void> {
    await apiFetch('/api/auth/me').catch(() => undefined)
    if (!this.closed) this.open()
  }
}
