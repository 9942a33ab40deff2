import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
} from 'react'
import { type Path, useBlocker } from 'react-router'
import { type Question, useConfirm } from './confirm'

type Leaves = (from: Path, to: Path) => boolean

interface Unsaved {
  body: string
  leaves: Leaves
}

const UnsavedContext = createContext<Set<Unsaved> | null>(null)

/** Asks before unsaved words are left behind. One for all forms: a router hears one blocker only, the last. */
export function UnsavedProvider({ children }: { children: ReactNode }) {
  const confirm = useConfirm()
  const [entries] = useState(() => new Set<Unsaved>())
  const lost = useRef<string[]>([])
  const blocker = useBlocker(({ currentLocation, nextLocation }) => {
    const left = [...entries].filter(({ leaves }) => leaves(currentLocation, nextLocation))
    lost.current = [...new Set(left.map(({ body }) => body))]
    return left.length > 0
  })
  useEffect(() => {
    if (blocker.state !== 'blocked') return
    const question = {
      title: 'Leave without saving?',
      body: lost.current.join(' '),
      action: 'Leave',
      danger: true,
    }
    void confirm(question).then((yes) => (yes ? blocker.proceed() : blocker.reset()))
  }, [blocker, confirm])
  return <UnsavedContext value={entries}>{children}</UnsavedContext>
}

const elsewhere: Leaves = (from, to) => from.pathname !== to.pathname

/**
 * While `body` says what would be lost, asks before the page is left or loaded anew. Returns how to let go of it at
 * once, for those who asked already and now leave themselves.
 */
export function useUnsaved(body: string | null, leaves: Leaves = elsewhere): () => void {
  const entries = useContext(UnsavedContext)
  if (!entries) throw new Error('useUnsaved needs an UnsavedProvider above it')
  const latest = useRef(leaves)
  latest.current = leaves
  const release = useRef(() => {})
  useEffect(() => {
    if (body === null) return
    const entry: Unsaved = { body, leaves: (from, to) => latest.current(from, to) }
    const ask = (event: BeforeUnloadEvent) => event.preventDefault()
    entries.add(entry)
    window.addEventListener('beforeunload', ask)
    release.current = () => {
      entries.delete(entry)
      window.removeEventListener('beforeunload', ask)
    }
    return () => release.current()
  }, [entries, body])
  return useCallback(() => release.current(), [])
}

export const DISCARD: Question = {
  title: 'Discard what you wrote?',
  body: 'It has not been saved.',
  action: 'Discard',
  danger: true,
}

export interface Discarding {
  /** Closing would lose words. */
  dirty: boolean
  /** They are on their way to the server, and whoever leaves then is led on by its answer. */
  busy: boolean
  onClose: () => void
  /** The part of the address that keeps the dialog open, if one does. */
  parameter?: string
}

/** How a dialog with fields is closed: at once, or after asking when something typed would be lost. */
export function useDiscard({ dirty, busy, onClose, parameter }: Discarding): () => void {
  const confirm = useConfirm()
  const leaves = useMemo<Leaves>(
    () => (from, to) =>
      elsewhere(from, to) || (parameter !== undefined && !new URLSearchParams(to.search).has(parameter)),
    [parameter],
  )
  const release = useUnsaved(dirty && !busy ? 'What you wrote in the dialog is not saved.' : null, leaves)
  const close = async () => {
    if (dirty && !(await confirm(DISCARD))) return
    release()
    onClose()
  }
  return () => void close()
}
