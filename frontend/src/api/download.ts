import type { MouseEvent } from 'react'
import { apiFetch } from './auth'

/** Has the browser save what an address of our own gives, without leaving the page; an empty name takes the server's. */
export async function download(url: string, name: string): Promise<void> {
  // The browser's own request cannot renew a sign-in that has run out; one of ours before it does.
  const response = await apiFetch('/api/auth/me').catch(() => null)
  if (response?.status === 401) return
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
}

/** For a click on a link to a download; what opens it elsewhere, such as Ctrl, is left to the browser. */
export function onDownloadLink(event: MouseEvent<HTMLAnchorElement>): void {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
  event.preventDefault()
  const { href, download: name } = event.currentTarget
  void download(href, name)
}
