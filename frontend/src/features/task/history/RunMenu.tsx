import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Braces, Ellipsis, FileText, RotateCcw, Trash2 } from 'lucide-react'
import { useId } from 'react'
import { download } from '@/api/download'
import { useStates } from '@/api/states'
import type { Session } from '@/api/types'
import { useReadOnly } from '@/lib/readOnly'
import { Button } from '@/ui/button'
import { useConfirm } from '@/ui/confirm'
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuItem,
  DropdownMenuLabel,
  DropdownMenuSeparator,
  DropdownMenuTrigger,
} from '@/ui/dropdown-menu'
import { toast } from '@/ui/toast'
import { cardOptions, useDeleteRun, useRerun } from '../api'
import { whyNotAgain } from '../model/status'
import { isActive } from '../model/verdict'

/** What can be done with a run that is over, and, but for taking it along, only then. */
export function RunMenu({ run, className }: { run: Session; className?: string }) {
  const card = { projectId: run.project_id, taskId: run.task_id }
  const confirm = useConfirm()
  // Here and not in the items: what follows a success is lost with them when the menu closes.
  const rerun = useRerun(card, run.id)
  const remove = useDeleteRun(card, run.id)
  const fixed = useReadOnly() || isActive(run.status)
  const repeat = (config: 'same' | 'active') =>
    rerun.mutate(config, { onSuccess: () => toast.success('The agent gets this prompt again') })
  const save = (format: 'md' | 'json') =>
    void download(`/api/projects/${run.project_id}/sessions/${run.id}/export?format=${format}`, '')
  const onDelete = async () => {
    const sure = await confirm({
      title: 'Delete this run?',
      body: 'Its output and what was said in it are gone for good. What it changed in the workspace stays.',
      action: 'Delete run',
      danger: true,
    })
    if (sure) remove.mutate(undefined, { onSuccess: () => toast('Run deleted') })
  }
  return (
    <DropdownMenu>
      <DropdownMenuTrigger asChild>
        <Button aria-label="Actions for this run" variant="ghost" size="iconSm" className={className}>
          <Ellipsis aria-hidden />
        </Button>
      </DropdownMenuTrigger>
      <DropdownMenuContent align="end">
        <Repeat run={run} onRepeat={repeat} />
        <DropdownMenuSeparator />
        <DropdownMenuItem onSelect={() => save('md')}>
          <FileText aria-hidden /> Save as Markdown
        </DropdownMenuItem>
        <DropdownMenuItem onSelect={() => save('json')}>
          <Braces aria-hidden /> Save as JSON
        </DropdownMenuItem>
        <DropdownMenuSeparator />
        <DropdownMenuItem danger disabled={fixed} onSelect={() => void onDelete()}>
          <Trash2 aria-hidden /> Delete run…
        </DropdownMenuItem>
      </DropdownMenuContent>
    </DropdownMenu>
  )
}

/**
 * What the card allows is asked when the menu opens: a list of runs does not know where their cards stand.
 * Until that is known nothing is kept from anybody, and the server has the last word.
 */
function Repeat({ run, onRepeat }: { run: Session; onRepeat: (config: 'same' | 'active') => void }) {
  const card = { projectId: run.project_id, taskId: run.task_id }
  const why = useId()
  const task = useQuery(cardOptions(card, useQueryClient()))
  const states = useStates()
  const archived = useReadOnly() ? 'This project is archived.' : null
  const reason = archived ?? (task.data && states.data ? whyNotAgain(task.data.status, states.data) : null)
  const item = (config: 'same' | 'active') => ({
    disabled: isActive(run.status) || reason !== null,
    'aria-describedby': reason ? why : undefined,
    onSelect: () => onRepeat(config),
  })
  return (
    <>
      <DropdownMenuItem {...item('active')}>
        <RotateCcw aria-hidden /> Run again
      </DropdownMenuItem>
      <DropdownMenuItem {...item('same')}>
        <RotateCcw aria-hidden /> Run again with version {run.config_version}
      </DropdownMenuItem>
      {reason && (
        <DropdownMenuLabel id={why} className="max-w-56 font-normal text-muted">
          {reason}
        </DropdownMenuLabel>
      )}
    </>
  )
}
