import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { useNavigate } from 'react-router'
import { allProjectsOptions, attentionOptions, boardTasksOptions } from '@/api/queries'
import type { Attention, SessionChanged } from '@/api/types'
import { usePreferences } from '@/features/account/preferences'
import { askedCard } from '@/lib/answering'
import { isOursToTell, type Notice, playSound, showNotice } from '@/lib/notices'
import { useBoardEvents } from '@/realtime/RealtimeProvider'

/** Several things at nearly the same time are told as one. */
const TOGETHER_MS = 400

const ENDS: Record<string, string> = { completed: 'Finished', failed: 'Failed' }
const ASKS: Partial<Record<Attention['kind'], string>> = {
  permission: 'The agent asks for permission',
  question: 'The agent has a question',
}

/** Tells of runs that end and of agents that wait, while nobody looks at the page. */
export function useNotifier(): void {
  const client = useQueryClient()
  const navigate = useNavigate()
  const kept = usePreferences().preferences?.notifications
  const { data } = useQuery(attentionOptions())
  const known = useRef<ReadonlySet<string> | null>(null)
  const due = useRef<Notice[]>([])
  const liked = useRef(kept)
  liked.current = kept

  const tell = async () => {
    const waiting = due.current
    due.current = []
    const wish = liked.current
    if (!wish || waiting.length === 0) return
    const ours: Notice[] = []
    for (const notice of waiting) if (await isOursToTell(notice.key)) ours.push(notice)
    // Who waits for an answer goes before who has finished.
    const [first] = ours.sort((one, other) => other.kind.localeCompare(one.kind))
    if (!first) return
    if (wish.sound) playSound(first.kind)
    const more = ours.length > 1 ? ` (and ${ours.length - 1} more)` : ''
    if (wish.desktop) showNotice({ ...first, body: first.body + more })
  }
  const note = (notice: Notice) => {
    if (!liked.current?.[notice.kind]) return
    due.current.push(notice)
    if (due.current.length === 1) setTimeout(() => void tell(), TOGETHER_MS)
  }
  const latest = useRef(note)
  latest.current = note

  useEffect(() => {
    if (!data) return
    const before = known.current
    known.current = new Set(data.items.map(keyOf))
    // What was there when the page was opened is no news.
    if (!before) return
    for (const item of data.items) {
      const body = ASKS[item.kind]
      if (!body || before.has(keyOf(item))) continue
      const { title, url } = askedCard(item)
      const onClick = () => void navigate(url)
      latest.current({ kind: 'needs_you', title, body, key: keyOf(item), onClick })
    }
  }, [data, navigate])

  useBoardEvents((event) => {
    if (event.type !== 'session_changed') return
    const body = ENDS[event.status]
    if (body) note({ kind: 'done', body, key: `${event.sessionId}-${event.status}`, ...where(event) })
  })

  const where = ({ projectId, taskId }: SessionChanged) => {
    const project = client
      .getQueryData(allProjectsOptions().queryKey)
      ?.find((candidate) => candidate.id === projectId)
    const task = client
      .getQueryData(boardTasksOptions(projectId).queryKey)
      ?.find((candidate) => candidate.id === taskId)
    return {
      title: task?.title ?? project?.name ?? 'A run has ended',
      onClick: () => void navigate(`/p/${project?.slug ?? projectId}/t/${taskId}`),
    }
  }
}

function keyOf(item: Attention): string {
  return `${item.task_id}-${item.interaction_id ?? item.kind}`
}
