/** What the tabs of one browser tell each other about its sign-in; they share the cookies, and not the page. */
export type News = 'in' | 'out'

let channel: BroadcastChannel | null | undefined

function open(): BroadcastChannel | null {
  // Without it a tab learns of a sign-out when the server closes its line, some seconds later.
  channel ??= typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('opm.sign-in')
  return channel
}

export function tellTabs(news: News): void {
  open()?.postMessage(news)
}

/** Calls `hear` with what another tab tells; returns how to stop. */
export function hearTabs(hear: (news: News) => void): () => void {
  const line = open()
  const onMessage = ({ data }: MessageEvent) => hear(data === 'in' ? 'in' : 'out')
  line?.addEventListener('message', onMessage)
  return () => line?.removeEventListener('message', onMessage)
}
