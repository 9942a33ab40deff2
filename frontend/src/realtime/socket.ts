/** The one WebSocket of this browser tab: subscriptions by project, resumed by event id after every reconnect. */
import { renewSignIn } from '@/api/auth'
import type { AnyBoardEvent, Control, Envelope } from '@/api/types'
import { backoff } from './backoff'

export type ConnectionState = 'idle' | 'connecting' | 'live' | 'reconnecting' | 'signed-out'

export interface SocketHandlers {
  onEvent: (event: AnyBoardEvent) => void
  /** What was missed of this project cannot be replayed: read it anew. */
  onReset: (projectId: string) => void
  onState: (state: ConnectionState) => void
  /** The server that answers is another process than before. */
  onRestart: () => void
  onSignedOut: () => void
}

interface Subscription {
  holders: number
  after: string | null
}

const TOO_SLOW = 4408
const SIGN_IN_AGAIN = 4401
/** Pings come every 15 s; two missed ones mean that the line is dead, though nobody has told us. */
const SILENCE = 40_000

export class BoardSocket {
  private socket: WebSocket | null = null
  private state: ConnectionState = 'idle'
  private attempt = 0
  private server: string | null = null
  private retry: ReturnType<typeof setTimeout> | undefined
  private silence: ReturnType<typeof setTimeout> | undefined
  private readonly subscriptions = new Map<string, Subscription>()

  constructor(
    private readonly url: string,
    private readonly handlers: SocketHandlers,
  ) {}

  start(): void {
    window.addEventListener('online', this.hurry)
    document.addEventListener('visibilitychange', this.hurry)
    this.open()
  }

  stop(): void {
    window.removeEventListener('online', this.hurry)
    document.removeEventListener('visibilitychange', this.hurry)
    clearTimeout(this.retry)
    clearTimeout(this.silence)
    const socket = this.socket
    this.socket = null
    socket?.close(1000)
    this.enter('idle')
  }

  /** Events of this project arrive until the returned function is called. */
  subscribe(projectId: string): () => void {
    const held = this.subscriptions.get(projectId)
    if (held) held.holders += 1
    else {
      this.subscriptions.set(projectId, { holders: 1, after: null })
      if (this.state === 'live') this.send({ type: 'subscribe', project_id: projectId })
    }
    let released = false
    return () => {
      if (released) return
      released = true
      this.release(projectId)
    }
  }

  private release(projectId: string): void {
    const held = this.subscriptions.get(projectId)
    if (!held) return
    held.holders -= 1
    if (held.holders > 0) return
    this.subscriptions.delete(projectId)
    if (this.state === 'live') this.send({ type: 'unsubscribe', project_id: projectId })
  }

  private open(): void {
    clearTimeout(this.retry)
    this.enter(this.server === null && this.attempt === 0 ? 'connecting' : 'reconnecting')
    const socket = new WebSocket(this.url)
    this.socket = socket
    socket.onmessage = (message) => {
      if (socket === this.socket) this.receive(String(message.data))
    }
    socket.onclose = (event) => {
      if (socket === this.socket) void this.closed(event.code)
    }
    this.listenForSilence()
  }

  private receive(text: string): void {
    this.listenForSilence()
    const message = JSON.parse(text) as Control | Envelope
    if ('event' in message) {
      const held = this.subscriptions.get(message.event.projectId)
      if (held) held.after = message.id
      this.handlers.onEvent(message.event)
      return
    }
    if (message.type === 'welcome') this.welcomed(message.server ?? '')
    else if (message.type === 'subscribed' && message.project_id)
      this.subscribed(message.project_id, message.id)
    else if (message.type === 'reset' && message.project_id) this.handlers.onReset(message.project_id)
  }

  private welcomed(server: string): void {
    this.attempt = 0
    for (const [projectId, { after }] of this.subscriptions) {
      this.send({ type: 'subscribe', project_id: projectId, after })
    }
    if (this.server !== null && this.server !== server) this.handlers.onRestart()
    this.server = server
    this.enter('live')
  }

  private subscribed(projectId: string, id: string | null | undefined): void {
    const held = this.subscriptions.get(projectId)
    if (!held) return
    // A first subscription starts "now"; what was read a moment earlier may be older than that.
    if (held.after === null) this.handlers.onReset(projectId)
    if (id) held.after = id
  }

  private async closed(code: number): Promise<void> {
    this.socket = null
    clearTimeout(this.silence)
    if (code === SIGN_IN_AGAIN && (await renewSignIn()).state === 'ended') {
      this.enter('signed-out')
      this.handlers.onSignedOut()
      return
    }
    if (this.state === 'idle') return
    this.enter('reconnecting')
    const wait = code === TOO_SLOW ? 0 : backoff(this.attempt)
    this.attempt += 1
    this.retry = setTimeout(() => this.open(), wait)
  }

  /** Coming back to the tab or to the network is a good moment to try at once. */
  private hurry = (): void => {
    if (this.state === 'reconnecting' && this.socket === null && document.visibilityState === 'visible') {
      this.open()
    }
  }

  private listenForSilence(): void {
    clearTimeout(this.silence)
    this.silence = setTimeout(() => {
      const socket = this.socket
      socket?.close()
      if (socket) void this.closed(1006)
    }, SILENCE)
  }

  private send(message: Record<string, unknown>): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message))
  }

  private enter(state: ConnectionState): void {
    if (state === this.state) return
    this.state = state
    this.handlers.onState(state)
  }
}
