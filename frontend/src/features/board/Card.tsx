import { GripVertical, Play, Square } from 'lucide-react'
import type { ComponentProps, MouseEvent } from 'react'
import { Link } from 'react-router'
import type { Task } from '@/api/types'
import { canBeAnswered, useAnswering } from '@/lib/answering'
import { cn } from '@/lib/cn'
import { excerptOf } from '@/lib/format'
import { useReadOnly } from '@/lib/readOnly'
import { Button } from '@/ui/button'
import { CardMenu } from './CardMenu'
import { useBoard } from './context'
import { isActive } from './model'
import { AttentionBadge, RunLine } from './RunLine'

export interface CardProps extends ComponentProps<'article'> {
  task: Task
  /** The keyboard's way to pick the card up. */
  handle?: ComponentProps<'button'>
  /** As seen under the pointer while it is dragged. */
  lifted?: boolean
}

export function Card({ task, handle, lifted, className, ...props }: CardProps) {
  const { cardUrl, openId, selection } = useBoard()
  const readOnly = useReadOnly()
  const chosen = selection.on && selection.has(task.id)
  const onClick = (event: MouseEvent) => {
    if (readOnly || (!selection.on && !event.shiftKey)) return
    event.preventDefault()
    if (event.shiftKey) selection.reach(task.id)
    else selection.toggle(task.id)
  }
  const open = openId === task.id
  return (
    <article
      data-card={task.id}
      aria-label={task.title}
      className={cn(
        'group relative flex flex-col gap-2 rounded-lg border bg-surface p-2.5 pl-3 shadow-card transition-[border-color,box-shadow] hover:border-line-strong',
        open && 'border-accent-ink ring-1 ring-accent-ink',
        chosen && 'border-accent-ink ring-2 ring-accent-ink',
        lifted && 'rotate-1 cursor-grabbing shadow-pop',
        className,
      )}
      {...props}
    >
      <div className="flex items-start gap-1">
        {selection.on && (
          <input
            type="checkbox"
            aria-label={`Select ${task.title}`}
            checked={chosen}
            onChange={() => selection.toggle(task.id)}
            className="relative z-10 mt-1 mr-1 size-4 shrink-0 accent-accent"
          />
        )}
        <Link
          to={cardUrl(task.id)}
          draggable={false}
          onClick={onClick}
          data-card-link={task.id}
          aria-current={open ? 'true' : undefined}
          className="line-clamp-3 min-w-0 flex-1 rounded-sm pt-0.5 text-sm font-medium break-words after:absolute after:inset-0 after:rounded-lg"
        >
          {task.title}
        </Link>
        {!readOnly && (
          <button
            type="button"
            aria-label={`Move ${task.title}`}
            className="relative z-10 -mt-0.5 flex size-6 shrink-0 cursor-grab items-center justify-center rounded text-faint opacity-0 transition-opacity group-focus-within:opacity-100 group-hover:opacity-100 hover:bg-hover focus-visible:opacity-100"
            {...handle}
          >
            <GripVertical aria-hidden className="size-4" />
          </button>
        )}
        <CardMenu task={task} />
      </div>
      {!task.run && task.description && (
        <p className="line-clamp-2 text-xs break-words text-muted">{excerptOf(task.description)}</p>
      )}
      <AttentionBadgeRow task={task} />
      <div className="flex min-h-0 items-end justify-between gap-2">
        <div className="min-w-0 flex-1">
          <RunLine task={task} />
        </div>
        <RunButton task={task} />
      </div>
    </article>
  )
}

function AttentionBadgeRow({ task }: { task: Task }) {
  const { cardUrl } = useBoard()
  const answering = useAnswering()
  if (!task.attention) return null
  return (
    <div className="flex flex-col items-start gap-1.5">
      <div className="flex w-full items-center justify-between gap-2">
        <AttentionBadge kind={task.attention} />
        {answering && canBeAnswered(task.attention) && (
          <Button
            size="sm"
            className="relative z-10"
            onClick={() =>
              answering({
                projectId: task.project_id,
                taskId: task.id,
                title: task.title,
                url: cardUrl(task.id),
              })
            }
          >
            Reply
          </Button>
        )}
      </div>
      {task.attention === 'failed' && task.run?.reason && (
        <p className="line-clamp-2 text-xs text-muted">{task.run.reason}</p>
      )}
    </div>
  )
}

function RunButton({ task }: { task: Task }) {
  const { states, execute, cancel } = useBoard()
  if (isActive(task)) {
    return (
      <Button size="sm" variant="ghost" className="relative z-10 -my-1" onClick={() => void cancel(task)}>
        <Square aria-hidden className="size-3! fill-current" /> Cancel
      </Button>
    )
  }
  if (!states.execute_from.includes(task.status)) return null
  return (
    <Button size="sm" className="relative z-10 ml-auto" onClick={() => execute(task)}>
      <Play aria-hidden /> Execute
    </Button>
  )
}
