/** How far the clones of repositories are: told by events alone, and stored nowhere. */
import { useSyncExternalStore } from 'react'
import type { WorkspaceChanged } from '@/api/types'

export type ClonePhase = NonNullable<WorkspaceChanged['phase']>

export interface CloneProgress {
  phase: ClonePhase
  percent: number | null
}

export class CloningStore {
  private readonly entries = new Map<string, CloneProgress>()
  private readonly listeners = new Set<() => void>()

  note({ projectId, phase, percent }: WorkspaceChanged): void {
    if (phase) this.entries.set(projectId, { phase, percent: percent ?? null })
    else this.entries.delete(projectId)
    for (const listener of this.listeners) listener()
  }

  get(projectId: string): CloneProgress | undefined {
    return this.entries.get(projectId)
  }

  listen = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }
}

export const cloning = new CloningStore()

export function useCloneProgress(projectId: string): CloneProgress | undefined {
  return useSyncExternalStore(cloning.listen, () => cloning.get(projectId))
}
