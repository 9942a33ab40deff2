import { ArrowRightLeft, Ban, Check, Play, RotateCcw, Undo2 } from 'lucide-react'
import type { Task } from '@/api/types'
import { Button } from '@/ui/button'
import { useConfirm } from '@/ui/confirm'
import { DropdownMenu, DropdownMenuContent, DropdownMenuItem, DropdownMenuTrigger } from '@/ui/dropdown-menu'
import { toast } from '@/ui/toast'
import { useCancel, useMove, useRun } from './api'
import { useCard } from './context'
import { LABELS, type Verbs } from './model/status'

/** What can be done with the card where it stands. */
export function CardActions({ task, verbs }: { task: Task; verbs: Verbs }) {
  const card = useCard()
  const confirm = useConfirm()
  const run = useRun(card)
  const cancel = useCancel(card)
  const move = useMove(card)
  const onCancel = async () => {
    const sure = await confirm({
      title: 'Cancel this run?',
      body: 'The agent stops and the card goes back to To do. What it changed in the workspace stays.',
      action: 'Cancel run',
      danger: true,
    })
    if (sure) cancel.mutate(undefined, { onSuccess: () => toast('Stopping the agent…') })
  }
  const { approve } = verbs
  return (
    <div className="mt-2.5 flex flex-wrap gap-2">
      {verbs.run && (
        <Button variant="primary" size="sm" busy={run.isPending} onClick={() => run.mutate()}>
          {!run.isPending && <Play aria-hidden />} Execute
        </Button>
      )}
      {verbs.cancel && (
        <Button size="sm" busy={cancel.isPending} onClick={() => void onCancel()}>
          {!cancel.isPending && <Ban aria-hidden />} Cancel run
        </Button>
      )}
      {approve && (
        <Button variant="primary" size="sm" busy={move.isPending} onClick={() => move.mutate(approve)}>
          {!move.isPending && <Check aria-hidden />} Approve
          <span className="font-normal opacity-85">→ {LABELS[approve]}</span>
        </Button>
      )}
      {verbs.moves.includes('todo') && (
        <Button size="sm" disabled={move.isPending} onClick={() => move.mutate('todo')}>
          {verbs.reopen ? <RotateCcw aria-hidden /> : <Undo2 aria-hidden />}
          {verbs.reopen ? 'Reopen' : 'Send back to To do'}
        </Button>
      )}
      {verbs.moves.length > 1 && (
        <DropdownMenu>
          <DropdownMenuTrigger asChild>
            <Button size="sm" variant="ghost" aria-label={`Move “${task.title}” to another column`}>
              <ArrowRightLeft aria-hidden /> Move to…
            </Button>
          </DropdownMenuTrigger>
          <DropdownMenuContent>
            {verbs.moves.map((target) => (
              <DropdownMenuItem key={target} onSelect={() => move.mutate(target)}>
                {LABELS[target]}
              </DropdownMenuItem>
            ))}
          </DropdownMenuContent>
        </DropdownMenu>
      )}
    </div>
  )
}
