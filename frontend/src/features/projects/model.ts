import type { Attention, Project, ProjectSummary, TaskStatus } from '@/api/types'
import type { BadgeTone } from '@/ui/badge'

/** In board order, short enough for a project's card. */
export const COLUMNS: { status: TaskStatus; label: string; bar: string }[] = [
  { status: 'todo', label: 'To do', bar: 'bg-line-strong' },
  { status: 'in_progress', label: 'In progress', bar: 'bg-info' },
  { status: 'ai_review', label: 'AI review', bar: 'bg-accent-ink' },
  { status: 'human_review', label: 'Human review', bar: 'bg-warn' },
  { status: 'done', label: 'Done', bar: 'bg-ok' },
]

export interface PodLook {
  label: string
  tone: BadgeTone
  /** It is on its way from one state to another. */
  moving: boolean
}

const LOOKS: Record<string, PodLook> = {
  absent: { label: 'Stopped', tone: 'neutral', moving: false },
  pending: { label: 'Starting', tone: 'info', moving: true },
  running: { label: 'Running', tone: 'ok', moving: false },
  stopping: { label: 'Stopping', tone: 'neutral', moving: true },
  failed: { label: 'Failed', tone: 'bad', moving: false },
}

/** How the workspace's observed state is told. */
export function podLook(project: Pick<Project, 'pod_status'>): PodLook {
  return LOOKS[project.pod_status] ?? { label: project.pod_status, tone: 'neutral', moving: false }
}

export function totalCards(project: ProjectSummary): number {
  return Object.values(project.task_counts ?? {}).reduce((sum, count) => sum + count, 0)
}

/** What waits longest, and holds an agent up, first; mere reviews last. */
export function byUrgency(items: Attention[]): Attention[] {
  const weight = { permission: 0, question: 0, failed: 1, review: 2 }
  return items.toSorted(
    (a, b) => weight[a.kind] - weight[b.kind] || Date.parse(a.since) - Date.parse(b.since),
  )
}

/** The name an address gets from a project's name: what the server makes of it, step by step, unless it is taken. */
export function slugOf(name: string): string {
  if (!name.trim()) return ''
  const plain = name
    .normalize('NFKD')
    .replace(/\P{ASCII}/gu, '')
    .toLowerCase()
  const slug = plain
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 50)
    .replace(/^-+|-+$/g, '')
  return slug || 'project'
}
