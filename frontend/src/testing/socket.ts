/** Stands in for the browser's WebSocket, so that a test can be the server. */
export class FakeWebSocket {
  static readonly OPEN = 1
  static all: FakeWebSocket[] = []

  static reset(): void {
    FakeWebSocket.all = []
  }

  static get latest(): FakeWebSocket {
    const socket = FakeWebSocket.all.at(-1)
    if (!socket) throw new Error('no WebSocket was opened')
    return socket
  }

  readyState = FakeWebSocket.OPEN
  onmessage: ((event: { data: string }) => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null
  readonly sent: Record<string, unknown>[] = []

  constructor(readonly url: string) {
    FakeWebSocket.all.push(this)
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>)
  }

  close(code: number = 1000): void {
    this.readyState = 3
    this.onclose?.({ code })
  }

  /** The server says something. */
  say(message: unknown): void {
    this.onmessage?.({ data: JSON.stringify(message) })
  }
}
