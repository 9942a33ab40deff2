/** The line to one terminal: comes back by itself, and continues where it was, so that nothing is said twice. */
import { renewSignIn } from '@/api/auth'
import { backoff } from '@/realtime/backoff'

/** `refused`: the server does not understand what is said here. */
export type TerminalState = 'connecting' | 'live' | 'reconnecting' | 'refused' | 'ended'

interface Notice {
  type: 'cursor' | 'skipped' | 'exit' | 'error'
  cursor?: number
  message?: string
}

export interface TerminalHandlers {
  /** `replay`: said before this line was open, so what it asks has been answered. Call `shown` once it is on screen. */
  onOutput: (data: Uint8Array, replay: boolean, shown: () => void) => void
  /** Everything comes once more. */
  onReset: () => void
  onSkipped: () => void
  onState: (state: TerminalState, message?: string) => void
}

/** More rows or columns the server does not take, and a small font on a large screen has them. */
const LARGEST = 500
/** One frame holds 64 KiB; a paste may be longer. */
const PIECE = 16_000
const NOT_UNDERSTOOD = 1003
const SIGN_IN_AGAIN = 4401
const NOT_THERE = 4404

export class TerminalConnection {
  private socket: WebSocket | null = null
  private position: number | null = null
  private start = 0
  private replayed: number | null = null
  private attempt = 0
  private reason: string | undefined
  private ended = false
  private retry: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly url: string,
    private readonly handlers: TerminalHandlers,
  ) {}

  open(): void {
    clearTimeout(this.retry)
    if (this.position === null) this.handlers.onReset()
    this.start = this.position ?? 0
    this.replayed = 0
    const url = new URL(this.url)
    url.searchParams.set('cursor', String(this.start))
    const socket = new WebSocket(url)
    socket.binaryType = 'arraybuffer'
    this.socket = socket
    socket.onmessage = (message: MessageEvent<string | ArrayBuffer>) => {
      if (socket === this.socket) this.receive(message.data)
    }
    socket.onclose = (event) => {
      if (socket === this.socket) void this.closed(event.code)
    }
  }

  close(): void {
    clearTimeout(this.retry)
    const socket = this.socket
    this.socket = null
    this.ended = true
    socket?.close(1000)
  }

  input(data: string): void {
    for (let from = 0; from < data.length; ) {
      const to = endOfPiece(data, from)
      this.send({ type: 'input', data: data.slice(from, to) })
      from = to
    }
  }

  /** What the terminal itself answers to a program; the server hears one viewer with these. */
  reply(data: string): void {
    this.send({ type: 'reply', data })
  }

  resize(rows: number, cols: number): void {
    this.send({ type: 'resize', rows: Math.min(rows, LARGEST), cols: Math.min(cols, LARGEST) })
  }

  private receive(data: string | ArrayBuffer): void {
    if (typeof data === 'string') {
      this.notice(JSON.parse(data) as Notice)
      return
    }
    const replay = this.replayed !== null
    this.advance(data.byteLength)
    const shown = () => this.send({ type: 'ack', bytes: data.byteLength })
    this.handlers.onOutput(new Uint8Array(data), replay, shown)
  }

  private notice(notice: Notice): void {
    if (notice.type === 'cursor') this.replayDone(notice.cursor ?? 0)
    else if (notice.type === 'skipped') {
      this.handlers.onSkipped()
      this.live(notice.cursor ?? 0)
    } else if (notice.type === 'exit') {
      this.ended = true
      this.handlers.onState('ended')
    } else this.reason = notice.message
  }

  /** The server keeps a part of what was said; when ours began before that part, something is missing. */
  private replayDone(cursor: number): void {
    if (this.start > 0 && cursor - this.start > (this.replayed ?? 0)) this.handlers.onSkipped()
    this.live(cursor)
  }

  private live(cursor: number): void {
    this.position = cursor
    this.replayed = null
    this.attempt = 0
    this.reason = undefined
    this.handlers.onState('live')
  }

  private advance(bytes: number): void {
    if (this.replayed !== null) this.replayed += bytes
    else this.position = (this.position ?? 0) + bytes
  }

  private async closed(code: number): Promise<void> {
    this.socket = null
    // Broken off in the middle of a replay: how far it went is not known.
    if (this.replayed) this.position = null
    if (this.ended) return
    // A new line would be told the same, and so on for ever.
    if (code === NOT_THERE || code === NOT_UNDERSTOOD) {
      this.ended = true
      this.handlers.onState(code === NOT_THERE ? 'ended' : 'refused', this.reason)
      return
    }
    this.handlers.onState('reconnecting', this.reason)
    if (code === SIGN_IN_AGAIN) await renewSignIn().catch(() => true)
    if (this.ended) return
    this.retry = setTimeout(() => this.open(), backoff(this.attempt))
    this.attempt += 1
  }

  private send(message: Record<string, unknown>): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message))
  }
}

/** A letter of two code units stays whole: half of one is no text, and the server ends the line for it. */
function endOfPiece(data: string, from: number): number {
  const to = Math.min(from + PIECE, data.length)
  const last = data.charCodeAt(to - 1)
  return to < data.length && last >= 0xd800 && last <= 0xdbff ? to - 1 : to
}
