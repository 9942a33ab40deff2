/** The newest line of output per card, kept outside the query cache because it changes many times a second. */
import { useCallback, useSyncExternalStore } from 'react'

export interface Activity {
  sessionId: string
  at: number
  /** The last line of text the agent wrote. */
  line: string
}

const TAIL = 400
/** As much of the line as two rows of a card hold, its end first. */
const LINE = 80

export class ActivityStore {
  private readonly entries = new Map<string, Activity & { tail: string }>()
  private readonly listeners = new Map<string, Set<() => void>>()

  note(taskId: string, sessionId: string, text: string, at: number): void {
    const before = this.entries.get(taskId)
    const tail = ((before?.sessionId === sessionId ? before.tail : '') + text).slice(-TAIL)
    const last = tail.trimEnd().split('\n').at(-1)?.trim() ?? ''
    const line = last.length > LINE ? `…${last.slice(-LINE).trimStart()}` : last
    this.entries.set(taskId, { sessionId, at, line, tail })
    for (const listener of this.listeners.get(taskId) ?? []) listener()
  }

  get(taskId: string): Activity | undefined {
    return this.entries.get(taskId)
  }

  listen(taskId: string, listener: () => void): () => void {
    const set = this.listeners.get(taskId) ?? new Set()
    this.listeners.set(taskId, set.add(listener))
    return () => {
      set.delete(listener)
      if (set.size === 0) this.listeners.delete(taskId)
    }
  }
}

export const activity = new ActivityStore()

export function useActivity(taskId: string): Activity | undefined {
  const listen = useCallback((listener: () => void) => activity.listen(taskId, listener), [taskId])
  return useSyncExternalStore(listen, () => activity.get(taskId))
}
