import { MoveRight, Trash2, X } from 'lucide-react'
import type { States, TaskStatus } from '@/api/types'
import { plural } from '@/lib/format'
import { Button } from '@/ui/button'
import { DropdownMenu, DropdownMenuContent, DropdownMenuItem, DropdownMenuTrigger } from '@/ui/dropdown-menu'
import { IconButton } from '@/ui/icon-button'
import { LABELS, targetsOf } from './model'
import { useBulk } from './useBulk'
import type { Selection } from './useSelection'

export interface SelectionBarProps {
  projectId: string
  selection: Selection
  states: States
}

/** What can be done with all chosen cards at once. */
export function SelectionBar({ projectId, selection, states }: SelectionBarProps) {
  const { change, busy } = useBulk(projectId)
  const { tasks, keep, clear } = selection
  const targets = states.statuses.filter((status) => tasks.some((task) => goes(task, status, states)))
  return (
    <section
      aria-label="Selected cards"
      className="absolute inset-x-0 bottom-3 z-20 mx-auto flex w-fit max-w-[calc(100%-1rem)] items-center gap-2 rounded-lg border bg-raised py-1.5 pr-1.5 pl-3 text-sm shadow-pop"
    >
      <span role="status" className="tabular-nums">
        {plural(tasks.length, 'card')} <span className="max-sm:sr-only">selected</span>
      </span>
      <DropdownMenu>
        <DropdownMenuTrigger asChild>
          <Button size="sm" disabled={targets.length === 0 || busy}>
            <MoveRight aria-hidden /> Move to…
          </Button>
        </DropdownMenuTrigger>
        <DropdownMenuContent align="center" side="top">
          {targets.map((status) => (
            <DropdownMenuItem
              key={status}
              onSelect={() => change({ action: 'move', tasks, status, onDone: keep })}
            >
              {LABELS[status]}
            </DropdownMenuItem>
          ))}
        </DropdownMenuContent>
      </DropdownMenu>
      <Button
        size="sm"
        variant="dangerGhost"
        disabled={tasks.length === 0}
        busy={busy}
        onClick={() => change({ action: 'delete', tasks, onDone: keep })}
      >
        <Trash2 aria-hidden /> Delete
      </Button>
      <IconButton label="Select nothing" shortcut="escape" size="iconSm" onClick={clear}>
        <X />
      </IconButton>
    </section>
  )
}

/** Executing and cancelling are decided card by card, not for many in one go. */
function goes(task: SelectionBarProps['selection']['tasks'][number], status: TaskStatus, states: States) {
  return status !== 'in_progress' && task.status !== 'in_progress' && targetsOf(task, states).includes(status)
}
