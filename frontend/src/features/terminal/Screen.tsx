import '@xterm/xterm/css/xterm.css'
import { FitAddon } from '@xterm/addon-fit'
import { WebLinksAddon } from '@xterm/addon-web-links'
import { Terminal } from '@xterm/xterm'
import { useEffect, useRef, useState } from 'react'
import { useDark } from '@/lib/theme'
import { useConfirm } from '@/ui/confirm'
import { copySelection, paste } from './clipboard'
import { TerminalConnection, type TerminalState } from './connection'
import { KeyBar } from './KeyBar'
import { isReply } from './replies'
import { terminalTheme } from './theme'

interface Props {
  projectId: string
  terminalId: string
  label: string
  onEnded: () => void
  /** F6: the keyboard leaves the terminal, which takes Tab for itself. */
  onLeave: () => void
}

const SKIPPED = '\r\n\x1b[0;7m output skipped \x1b[0m\r\n'

function address(projectId: string, terminalId: string): string {
  const url = new URL(`/api/projects/${projectId}/terminal`, window.location.href)
  url.protocol = url.protocol.replace('http', 'ws')
  url.searchParams.set('terminal', terminalId)
  return url.href
}

function openLink(url: string): void {
  window.open(url, '_blank', 'noopener,noreferrer')
}

/** One terminal on screen. */
export function Screen({ projectId, terminalId, label, onEnded, onLeave }: Props) {
  const holder = useRef<HTMLDivElement>(null)
  const terminal = useRef<Terminal>(null)
  const line = useRef<TerminalConnection>(null)
  const control = useRef(false)
  const [held, setHeld] = useState(false)
  const [selected, setSelected] = useState(false)
  const [state, setState] = useState<TerminalState>('connecting')
  const [reason, setReason] = useState<string>()
  const dark = useDark()
  const confirm = useConfirm()
  const latest = useRef({ onEnded, onLeave, confirm, dark })
  latest.current = { onEnded, onLeave, confirm, dark }

  const hold = (on: boolean) => {
    control.current = on
    setHeld(on)
  }
  const holdRef = useRef(hold)
  holdRef.current = hold

  const press = (act: (shown: Terminal) => void) => {
    if (!terminal.current) return
    act(terminal.current)
    terminal.current.focus()
  }

  useEffect(() => {
    const place = holder.current
    if (!place) return
    // Text that programs hide behind another is shown before it is followed; nothing but the web is.
    const activate = async (_: MouseEvent, url: string) => {
      if (!/^https?:\/\//i.test(url)) return
      const question = { title: 'Open this address?', body: url, action: 'Open' }
      if (await latest.current.confirm(question)) openLink(url)
    }
    const shown = new Terminal({
      fontFamily: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace',
      fontSize: 13,
      scrollback: 5_000,
      minimumContrastRatio: 4.5,
      theme: terminalTheme(latest.current.dark),
      linkHandler: { activate: (event, url) => void activate(event, url) },
      // A finger cannot drag over text here; a long press is all it has to choose a word with.
      ...(window.matchMedia('(pointer: coarse)').matches && { rightClickSelectsWord: true }),
    })
    const fit = new FitAddon()
    shown.loadAddon(fit)
    shown.loadAddon(new WebLinksAddon((_, url) => openLink(url)))
    shown.attachCustomKeyEventHandler((event) => ownKey(event, shown, latest.current.onLeave))
    shown.open(place)

    let replaying = 0
    const connection = new TerminalConnection(address(projectId, terminalId), {
      onOutput: (data, replay, done) => {
        if (replay) replaying += 1
        shown.write(data, () => {
          if (replay) replaying -= 1
          done()
        })
      },
      onReset: () => shown.reset(),
      onSkipped: () => shown.write(SKIPPED),
      onState: (next, message) => {
        setState(next)
        setReason(message)
        if (next === 'live') connection.resize(shown.rows, shown.cols)
        if (next === 'ended') latest.current.onEnded()
      },
    })
    let key: string | null = null
    const pressed = shown.onKey((event) => {
      key = event.key
    })
    const keys = shown.onData((data) => {
      // Old output may hold questions to a terminal; they were answered long ago.
      if (replaying > 0) return
      const reply = isReply(data, key)
      key = null
      if (reply) {
        connection.reply(data)
        return
      }
      const held = control.current && /^[@-_a-z]$/.test(data)
      connection.input(held ? String.fromCharCode(data.toUpperCase().charCodeAt(0) & 0x1f) : data)
      if (control.current) holdRef.current(false)
    })
    const sizes = shown.onResize(({ rows, cols }) => connection.resize(rows, cols))
    const selection = shown.onSelectionChange(() => setSelected(shown.hasSelection()))
    const observer = new ResizeObserver(() => fit.fit())
    observer.observe(place)
    fit.fit()
    connection.open()
    shown.focus()
    terminal.current = shown
    line.current = connection
    return () => {
      observer.disconnect()
      keys.dispose()
      pressed.dispose()
      sizes.dispose()
      selection.dispose()
      setSelected(false)
      connection.close()
      shown.dispose()
    }
  }, [projectId, terminalId])

  useEffect(() => {
    terminal.current?.textarea?.setAttribute('aria-label', `${label}: terminal input`)
  }, [label])

  useEffect(() => {
    if (terminal.current) terminal.current.options.theme = terminalTheme(dark)
  }, [dark])

  return (
    <div className="flex min-h-0 min-w-0 flex-1 flex-col bg-surface">
      {state !== 'live' && (
        <p role="status" className="border-b px-3 py-1.5 text-xs text-muted">
          {reason ?? NOTES[state]}
        </p>
      )}
      <div className="min-h-0 min-w-0 flex-1 overflow-hidden p-2">
        <div ref={holder} className="size-full overflow-hidden" />
      </div>
      <KeyBar
        held={held}
        onHold={() => hold(!held)}
        onKey={(data) => press(() => line.current?.input(data))}
        selected={selected}
        onCopy={() => press((shown) => void copySelection(shown))}
        onPaste={() => terminal.current && void paste(terminal.current)}
      />
    </div>
  )
}

const NOTES: Record<TerminalState, string> = {
  connecting: 'Connecting to the terminal',
  live: '',
  reconnecting: 'The connection is lost; it comes back by itself, and what was missed with it.',
  refused: 'The server does not understand this page, which may be out of date. Reload it to go on.',
  ended: 'The shell has ended.',
}

/** False keeps a key from the shell. Pasting is left to the browser, which asks nobody. */
function ownKey(event: KeyboardEvent, terminal: Terminal, leave: () => void): boolean {
  if (event.key === 'F6') {
    if (event.type === 'keydown') leave()
    event.preventDefault()
    return false
  }
  if (!event.ctrlKey || !event.shiftKey) return true
  if (event.code === 'KeyV') return false
  if (event.code !== 'KeyC') return true
  event.preventDefault()
  if (event.type === 'keydown' && terminal.hasSelection()) void copySelection(terminal)
  return false
}
