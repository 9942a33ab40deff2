import { Circle, CircleCheck, CircleDot, CircleX } from 'lucide-react'
import { cn } from '@/lib/cn'
import type { Todo } from '../model/output'
import { Disclosure } from './Disclosure'

const ICONS: Record<string, { icon: typeof Circle; label: string; look: string }> = {
  pending: { icon: Circle, label: 'to do', look: 'text-faint' },
  in_progress: { icon: CircleDot, label: 'in progress', look: 'text-info' },
  completed: { icon: CircleCheck, label: 'done', look: 'text-ok' },
  cancelled: { icon: CircleX, label: 'dropped', look: 'text-faint' },
}
const PENDING = { icon: Circle, label: 'to do', look: 'text-faint' }

/** The agent's own plan, as it stands. */
export function TodoList({ todos }: { todos: Todo[] }) {
  if (todos.length === 0) return null
  const done = todos.filter(({ status }) => status === 'completed').length
  const current = todos.find(({ status }) => status === 'in_progress')
  return (
    <Disclosure
      className="border-b bg-surface px-3 py-1.5"
      summary={
        <>
          <span className="shrink-0 font-medium text-ink">
            Plan {done}/{todos.length}
          </span>
          {current && <span className="truncate">{current.content}</span>}
        </>
      }
    >
      <ul className="max-h-56 overflow-y-auto scroll-thin py-1 pl-6 text-sm">
        {todos.map((todo) => {
          const { icon: Icon, label, look } = ICONS[todo.status] ?? PENDING
          return (
            <li key={todo.content} className="flex items-start gap-2 py-0.5">
              <Icon aria-hidden className={cn('mt-0.5 size-3.5 shrink-0', look)} />
              <span className="sr-only">{label}:</span>
              <span className={cn(todo.status === 'completed' && 'text-muted line-through')}>
                {todo.content}
              </span>
            </li>
          )
        })}
      </ul>
    </Disclosure>
  )
}
