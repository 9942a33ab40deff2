import { useDroppable } from '@dnd-kit/core'
import { SortableContext, useSortable, verticalListSortingStrategy } from '@dnd-kit/sortable'
import { CSS } from '@dnd-kit/utilities'
import { Plus } from 'lucide-react'
import type { Task, TaskStatus } from '@/api/types'
import { cn } from '@/lib/cn'
import { useReadOnly } from '@/lib/readOnly'
import { IconButton } from '@/ui/icon-button'
import { Card } from './Card'
import { columnId } from './drag'
import { LABELS } from './model'
import type { Drag } from './useBoardDrag'

const HINTS: Record<TaskStatus, string> = {
  todo: 'Cards that wait for you to execute them.',
  in_progress: 'Execute a card, or drop one here, and an agent works on it.',
  ai_review: 'Finished runs land here.',
  human_review: 'What needs your judgement.',
  done: 'What you have accepted.',
}

const DOTS: Record<TaskStatus, string> = {
  todo: 'border-2 border-faint',
  in_progress: 'bg-info',
  ai_review: 'bg-accent-ink',
  human_review: 'bg-warn',
  done: 'bg-ok',
}

export interface ColumnProps {
  status: TaskStatus
  tasks: Task[]
  drag: Drag | null
  onCreate?: () => void
}

export function Column({ status, tasks, drag, onCreate }: ColumnProps) {
  const { setNodeRef } = useDroppable({ id: columnId(status) })
  const over = drag?.over === status
  const away = over && drag.task.status !== status
  return (
    <section
      aria-label={LABELS[status]}
      className="flex min-h-0 w-full min-w-0 flex-col md:w-64 md:min-w-56 md:flex-1"
    >
      <header className="flex h-9 items-center gap-2 px-1.5">
        <span aria-hidden className={cn('size-2.5 rounded-full', DOTS[status])} />
        <h2 className="text-sm font-semibold">{LABELS[status]}</h2>
        <span className="text-xs text-faint tabular-nums">
          <span className="sr-only">cards: </span>
          {tasks.length}
        </span>
        {onCreate && (
          <IconButton label="New card" shortcut="c" size="iconSm" className="ml-auto" onClick={onCreate}>
            <Plus aria-hidden />
          </IconButton>
        )}
      </header>
      <div
        ref={setNodeRef}
        className={cn(
          'flex min-h-24 flex-1 flex-col gap-2 overflow-y-auto scroll-thin rounded-lg bg-sunken p-2 transition-colors',
          away && !drag.refused && 'bg-accent/10 ring-1 ring-accent-ink',
          away && drag.refused && 'opacity-50 ring-1 ring-bad',
        )}
      >
        <SortableContext items={tasks.map(({ id }) => id)} strategy={verticalListSortingStrategy}>
          {tasks.map((task) => (
            <SortableCard key={task.id} task={task} />
          ))}
        </SortableContext>
        {tasks.length === 0 && <p className="px-2 py-3 text-xs text-faint">{HINTS[status]}</p>}
      </div>
    </section>
  )
}

function SortableCard({ task }: { task: Task }) {
  const sortable = useSortable({ id: task.id, disabled: useReadOnly() })
  const { onMouseDown, onTouchStart, onKeyDown } = sortable.listeners ?? {}
  return (
    <Card
      task={task}
      ref={sortable.setNodeRef}
      style={{ transform: CSS.Translate.toString(sortable.transform), transition: sortable.transition }}
      className={cn(sortable.isDragging && 'opacity-40')}
      onMouseDown={onMouseDown as React.MouseEventHandler}
      onTouchStart={onTouchStart as React.TouchEventHandler}
      handle={{
        ...sortable.attributes,
        onKeyDown: onKeyDown as React.KeyboardEventHandler,
        ref: sortable.setActivatorNodeRef,
      }}
    />
  )
}
