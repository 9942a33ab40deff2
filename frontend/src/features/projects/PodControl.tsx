import { useMutation, useQueryClient } from '@tanstack/react-query'
import { ChevronDown, Play, Square } from 'lucide-react'
import { describe } from '@/api/errors'
import { startProjectMutation, stopProjectMutation } from '@/api/options'
import { queriesOf } from '@/api/queries'
import type { ProjectSummary } from '@/api/types'
import { AT_WORK } from '@/lib/atWork'
import { Badge } from '@/ui/badge'
import { Button } from '@/ui/button'
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuItem,
  DropdownMenuLabel,
  DropdownMenuTrigger,
} from '@/ui/dropdown-menu'
import { Spinner } from '@/ui/spinner'
import { toast } from '@/ui/toast'
import { podLook } from './model'

export function PodBadge({ project }: { project: ProjectSummary }) {
  const { label, tone, moving } = podLook(project)
  return (
    <Badge tone={tone} title={project.pod_reason ?? undefined}>
      {moving ? (
        <Spinner className="size-3" />
      ) : (
        <span aria-hidden className="size-1.5 rounded-full bg-current" />
      )}
      {label}
    </Badge>
  )
}

/** The workspace's state, with the way to start or stop it by hand. */
export function PodControl({ project }: { project: ProjectSummary }) {
  const client = useQueryClient()
  const settled = {
    onSuccess: () =>
      client.invalidateQueries({ predicate: queriesOf(['getProject', 'listProjects', 'getPod']) }),
    onError: (error: unknown) =>
      toast.error('The workspace did not take the order', { description: describe(error).message }),
  }
  const start = useMutation({ ...startProjectMutation(), ...settled })
  const stop = useMutation({ ...stopProjectMutation(), ...settled })
  const path = { project: project.id }
  const idle = project.pod_status === 'absent' || project.pod_status === 'failed'

  const busy = (project.running_count ?? 0) > 0

  return (
    <DropdownMenu>
      <DropdownMenuTrigger asChild>
        <Button variant="ghost" size="sm" className="px-1.5" disabled={start.isPending || stop.isPending}>
          <span className="sr-only">Workspace:</span>
          <PodBadge project={project} />
          <ChevronDown aria-hidden className="text-faint" />
        </Button>
      </DropdownMenuTrigger>
      <DropdownMenuContent align="end" className="max-w-72">
        <DropdownMenuLabel className="whitespace-normal">
          {project.pod_reason ??
            (busy ? AT_WORK : 'The workspace starts by itself when a card is executed or files are opened.')}
        </DropdownMenuLabel>
        {idle ? (
          <DropdownMenuItem onSelect={() => start.mutate({ path })}>
            <Play aria-hidden /> Start workspace
          </DropdownMenuItem>
        ) : (
          <DropdownMenuItem disabled={busy} onSelect={() => stop.mutate({ path })}>
            <Square aria-hidden /> Stop workspace
          </DropdownMenuItem>
        )}
      </DropdownMenuContent>
    </DropdownMenu>
  )
}
