import { useQuery } from '@tanstack/react-query'
import { ChevronDown, ChevronUp, Maximize2, Minimize2, X } from 'lucide-react'
import { useLocation, useNavigate, useParams } from 'react-router'
import { boardTasksOptions } from '@/api/queries'
import { useShortcut } from '@/lib/shortcuts'
import { Badge } from '@/ui/badge'
import { IconButton } from '@/ui/icon-button'
import { CardActions } from './CardActions'
import type { CardViewProps } from './CardView'
import { boardOrder, LABELS, neighbour, TONES, type Verbs } from './model/status'
import { type Said, sayRun } from './model/verdict'

export function CardHeader({ task, states, full, onFull, onClose, verbs }: CardViewProps & { verbs: Verbs }) {
  const waits = task.attention === 'permission' || task.attention === 'question'
  const run: Said | null = waits
    ? { label: 'Waits for you', tone: 'warn' }
    : task.run
      ? sayRun(task.run)
      : null
  return (
    <header className="shrink-0 border-b bg-surface px-4 pt-2 pb-3">
      <div className="flex items-center gap-1.5">
        <Badge tone={TONES[task.status]}>{LABELS[task.status]}</Badge>
        {run && run.label !== 'Succeeded' && <Badge tone={run.tone}>{run.label}</Badge>}
        <div className="ml-auto flex items-center">
          <Walk task={task} states={states} />
          <IconButton
            label={full ? 'Leave full screen' : 'Full screen'}
            shortcut="f"
            size="iconSm"
            onClick={onFull}
            className="max-md:hidden"
          >
            {full ? <Minimize2 /> : <Maximize2 />}
          </IconButton>
          <IconButton label="Close" shortcut="escape" size="iconSm" onClick={onClose}>
            <X />
          </IconButton>
        </div>
      </div>
      <h2 className="mt-1 text-base leading-snug font-semibold break-words">{task.title}</h2>
      {task.run?.status === 'failed' && task.run.reason && task.status === 'human_review' && (
        <p className="mt-1 line-clamp-4 text-sm text-bad">{task.run.reason}</p>
      )}
      <CardActions task={task} verbs={verbs} />
    </header>
  )
}

/** To the cards before and after this one, without closing the panel. */
function Walk({ task, states }: Pick<CardViewProps, 'task' | 'states'>) {
  const { project } = useParams()
  const navigate = useNavigate()
  const location = useLocation()
  const board = useQuery({ ...boardTasksOptions(task.project_id), enabled: false })
  const order = boardOrder(board.data ?? [], states)
  const before = neighbour(order, task.id, -1)
  const after = neighbour(order, task.id, 1)
  const open = (target: typeof before) => {
    if (!target) return false
    const search = new URLSearchParams(location.search)
    // Each card has its own runs; how the panel looks stays.
    search.delete('run')
    return navigate({ pathname: `/p/${project}/t/${target.id}`, search: search.toString() })
  }
  useShortcut('j', 'Next card', 'Card', () => open(after))
  useShortcut('k', 'Previous card', 'Card', () => open(before))
  if (order.length < 2) return null
  return (
    <>
      <IconButton
        label="Previous card"
        shortcut="k"
        size="iconSm"
        disabled={!before}
        onClick={() => open(before)}
      >
        <ChevronUp />
      </IconButton>
      <IconButton label="Next card" shortcut="j" size="iconSm" disabled={!after} onClick={() => open(after)}>
        <ChevronDown />
      </IconButton>
    </>
  )
}
