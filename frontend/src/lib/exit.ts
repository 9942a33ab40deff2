/** The two ways out of this application to another site: both lead to the identity provider only. */
import { createContext, useContext } from 'react'

export interface Exit {
  go: (url: string) => void
  /** Sends a form there, and the browser with it. */
  post: (url: string, fields: Record<string, string>) => void
}

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]']

/** https, or http to this machine: an address of another kind would run as a script of ours, or be read on the way. */
export function isExit(url: string): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, hostname } = new URL(url)
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.includes(hostname))
}

function go(url: string): void {
  window.location.assign(url)
}

function post(url: string, fields: Record<string, string>): void {
  const form = document.createElement('form')
  form.method = 'post'
  form.action = url
  form.hidden = true
  for (const [name, value] of Object.entries(fields)) {
    const field = document.createElement('input')
    field.type = 'hidden'
    field.name = name
    field.value = value
    form.append(field)
  }
  document.body.append(form)
  form.submit()
}

export const ExitContext = createContext<Exit>({ go, post })

/** Both throw for an address that is none of a provider. */
export function useExit(): Exit {
  const exit = useContext(ExitContext)
  return {
    go: (url) => exit.go(checked(url)),
    post: (url, fields) => exit.post(checked(url), fields),
  }
}

function checked(url: string): string {
  if (!isExit(url))
    throw new Error('The address of the identity provider is neither https nor on this machine.')
  return url
}
