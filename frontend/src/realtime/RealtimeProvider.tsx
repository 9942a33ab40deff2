import { useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef, useState } from 'react'
import { announceSignedOut } from '@/api/auth'
import type { AnyBoardEvent } from '@/api/types'
import { activity } from './activity'
import { CacheUpdater } from './cache'
import { BoardSocket, type ConnectionState } from './socket'

export type BoardEventHandler = (event: AnyBoardEvent) => void

interface Realtime {
  state: ConnectionState
  /** Counts restarts of the server seen since this page was opened. */
  restarts: number
  subscribe: (projectId: string) => () => void
  listen: (handler: BoardEventHandler) => () => void
}

const RealtimeContext = createContext<Realtime | null>(null)

function socketUrl(): string {
  const url = new URL('/api/ws', window.location.href)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  return url.href
}

export function RealtimeProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient()
  const [state, setState] = useState<ConnectionState>('idle')
  const [restarts, setRestarts] = useState(0)
  const handlers = useRef(new Set<BoardEventHandler>())

  const socket = useMemo(() => {
    const cache = new CacheUpdater(client)
    return new BoardSocket(socketUrl(), {
      onEvent: (event) => {
        if (event.type === 'session_output') {
          activity.note(event.taskId, event.sessionId, event.output, Date.now())
        }
        cache.apply(event)
        for (const handler of handlers.current) handler(event)
      },
      onReset: (projectId) => cache.reset(projectId),
      onState: setState,
      onRestart: () => setRestarts((count) => count + 1),
      onSignedOut: announceSignedOut,
    })
  }, [client])

  useEffect(() => {
    socket.start()
    return () => socket.stop()
  }, [socket])

  const value = useMemo<Realtime>(
    () => ({
      state,
      restarts,
      subscribe: (projectId) => socket.subscribe(projectId),
      listen: (handler) => {
        handlers.current.add(handler)
        return () => handlers.current.delete(handler)
      },
    }),
    [state, restarts, socket],
  )
  return <RealtimeContext value={value}>{children}</RealtimeContext>
}

function useRealtime(): Realtime {
  const realtime = useContext(RealtimeContext)
  if (!realtime) throw new Error('realtime hooks need a RealtimeProvider above them')
  return realtime
}

export function useConnection(): Pick<Realtime, 'state' | 'restarts'> {
  const { state, restarts } = useRealtime()
  return { state, restarts }
}

/** Hears these projects' events while mounted; the query cache is kept up to date by itself. */
export function useSubscription(projectIds: string[]): void {
  const { subscribe } = useRealtime()
  const subscribed = useRef(subscribe)
  subscribed.current = subscribe
  const key = [...projectIds].sort().join()
  useEffect(() => {
    if (!key) return
    const releases = key.split(',').map((id) => subscribed.current(id))
    return () => {
      for (const release of releases) release()
    }
  }, [key])
}

/** Calls `handler` for every event of the subscribed projects. */
export function useBoardEvents(handler: BoardEventHandler): void {
  const { listen } = useRealtime()
  const latest = useRef(handler)
  latest.current = handler
  const listening = useRef(listen)
  useEffect(() => listening.current((event) => latest.current(event)), [])
}
