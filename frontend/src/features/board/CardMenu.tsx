import { Ellipsis, Link2, MoveRight, Pencil, Play, Square, Trash2 } from 'lucide-react'
import type { Task } from '@/api/types'
import { useReadOnly } from '@/lib/readOnly'
import { Button } from '@/ui/button'
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuItem,
  DropdownMenuSeparator,
  DropdownMenuSub,
  DropdownMenuSubContent,
  DropdownMenuSubTrigger,
  DropdownMenuTrigger,
} from '@/ui/dropdown-menu'
import { toast } from '@/ui/toast'
import { useBoard } from './context'
import { isActive, LABELS, targetsOf } from './model'

/** Everything that can be done with a card, without dragging. */
export function CardMenu({ task }: { task: Task }) {
  const { states, execute, cancel, edit, remove, cardUrl } = useBoard()
  const readOnly = useReadOnly()
  const copyLink = async () => {
    const url = new URL(cardUrl(task.id), window.location.href)
    url.search = ''
    await navigator.clipboard.writeText(url.href)
    toast.success('Link copied')
  }
  return (
    <DropdownMenu>
      <DropdownMenuTrigger asChild>
        <Button
          aria-label={`Actions for ${task.title}`}
          variant="ghost"
          size="iconSm"
          className="relative z-10 -mt-0.5 -mr-1 size-6 text-faint"
        >
          <Ellipsis aria-hidden />
        </Button>
      </DropdownMenuTrigger>
      <DropdownMenuContent align="end">
        {states.execute_from.includes(task.status) && (
          <DropdownMenuItem shortcut="r" onSelect={() => execute(task)}>
            <Play aria-hidden /> Execute
          </DropdownMenuItem>
        )}
        {isActive(task) && (
          <DropdownMenuItem onSelect={() => void cancel(task)}>
            <Square aria-hidden /> Cancel run
          </DropdownMenuItem>
        )}
        {!readOnly && (
          <>
            <MoveTo task={task} />
            <DropdownMenuSeparator />
            <DropdownMenuItem shortcut="e" onSelect={() => edit(task)}>
              <Pencil aria-hidden /> Edit
            </DropdownMenuItem>
          </>
        )}
        <DropdownMenuItem onSelect={() => void copyLink()}>
          <Link2 aria-hidden /> Copy link
        </DropdownMenuItem>
        {!readOnly && (
          <>
            <DropdownMenuSeparator />
            <DropdownMenuItem danger disabled={isActive(task)} onSelect={() => remove(task)}>
              <Trash2 aria-hidden /> Delete
            </DropdownMenuItem>
          </>
        )}
      </DropdownMenuContent>
    </DropdownMenu>
  )
}

function MoveTo({ task }: { task: Task }) {
  const { states, drop } = useBoard()
  const targets = targetsOf(task, states)
  return (
    <DropdownMenuSub>
      <DropdownMenuSubTrigger disabled={targets.length === 0}>
        <MoveRight aria-hidden /> Move to…
      </DropdownMenuSubTrigger>
      <DropdownMenuSubContent>
        {targets.map((status) => (
          <DropdownMenuItem key={status} onSelect={() => void drop(task, status)}>
            {LABELS[status]}
          </DropdownMenuItem>
        ))}
        <DropdownMenuItem onSelect={() => void drop(task, task.status, 0)}>
          Top of this column
        </DropdownMenuItem>
      </DropdownMenuSubContent>
    </DropdownMenuSub>
  )
}
