import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Play, Square } from 'lucide-react'
import { describe } from '@/api/errors'
import { getPodOptions } from '@/api/options'
import { queriesOf } from '@/api/queries'
import { startProject, stopProject } from '@/api/sdk'
import type { Pod, PodPart, ProjectSummary } from '@/api/types'
import { AT_WORK } from '@/lib/atWork'
import { formatBytes, plural } from '@/lib/format'
import { Badge, type BadgeTone } from '@/ui/badge'
import { Button } from '@/ui/button'
import { ErrorState, Loading } from '@/ui/states'
import { toast } from '@/ui/toast'
import { PodEvents } from './PodEvents'
import { PodLogs } from './PodLogs'

const PHASES: Record<Pod['phase'], { label: string; tone: BadgeTone }> = {
  absent: { label: 'Stopped', tone: 'neutral' },
  pending: { label: 'Starting', tone: 'info' },
  running: { label: 'Running', tone: 'ok' },
  stopping: { label: 'Stopping', tone: 'info' },
  failed: { label: 'Failed', tone: 'bad' },
}

const PARTS: Record<PodPart['part'], string> = {
  opencode: 'Agent (OpenCode)',
  files: 'Files',
  session: 'Session proxy',
  model: 'Demo model',
}

const STATES: Record<PodPart['state'], { label: string; tone: BadgeTone }> = {
  ready: { label: 'Ready', tone: 'ok' },
  starting: { label: 'Starting', tone: 'info' },
  failed: { label: 'Failed', tone: 'bad' },
}

const REFRESH = 5_000
const IMPATIENT = 1_000

/** Only pods of a cluster have a name, and a wall around them. */
const ON_THIS_MACHINE =
  'On this machine the agent runs as your own user and can reach what you can: keep the permissions above tight.'

/** How the project's processes are doing, and their logs. */
export function PodPanel({ project }: { project: ProjectSummary }) {
  const client = useQueryClient()
  const path = { project: project.id }
  const pod = useQuery({
    ...getPodOptions({ path }),
    refetchInterval: ({ state }) =>
      state.data?.phase === 'pending' || state.data?.phase === 'stopping' ? IMPATIENT : REFRESH,
  })
  const order = useMutation({
    mutationFn: (wish: 'start' | 'stop') =>
      wish === 'start' ? startProject({ path }) : stopProject({ path }),
    onError: (error) =>
      toast.error('The workspace did not take the order', { description: describe(error).message }),
    onSettled: () =>
      client.invalidateQueries({ predicate: queriesOf(['getPod', 'getProject', 'listProjects']) }),
  })
  if (pod.isPending) return <Loading label="Looking at the workspace…" />
  if (pod.isError && !pod.data) {
    return (
      <ErrorState
        title="The workspace cannot be seen"
        {...describe(pod.error)}
        onRetry={() => void pod.refetch()}
      />
    )
  }
  const { phase, reason, parts, advice, name, events = [] } = pod.data
  const look = PHASES[phase]
  const busy = (project.running_count ?? 0) > 0
  const idle = phase === 'absent' || phase === 'failed'
  return (
    <div className="flex flex-col gap-4">
      <div className="flex flex-wrap items-center gap-3">
        <Badge tone={look.tone}>{look.label}</Badge>
        {reason && <p className="min-w-0 flex-1 text-sm break-words text-muted">{reason}</p>}
        <Button
          className="ml-auto"
          busy={order.isPending}
          disabled={phase === 'stopping' || (busy && !idle)}
          onClick={() => order.mutate(idle ? 'start' : 'stop')}
        >
          {!order.isPending && (idle ? <Play aria-hidden /> : <Square aria-hidden />)}
          {idle ? 'Start' : 'Stop'}
        </Button>
      </div>
      {busy && !idle && <p className="text-sm text-muted">{AT_WORK}</p>}
      {advice && <p className="text-sm text-muted">{advice}</p>}
      {parts.length > 0 && <Parts parts={parts} />}
      {!name && <p className="text-sm text-muted">{ON_THIS_MACHINE}</p>}
      {events.length > 0 && <PodEvents events={events} />}
      <PodLogs projectId={project.id} parts={parts.map(({ part }) => part)} names={PARTS} />
    </div>
  )
}

function Parts({ parts }: { parts: PodPart[] }) {
  return (
    <ul aria-label="Parts of the workspace" className="divide-y rounded-md border">
      {parts.map((part) => (
        <li key={part.part} className="flex flex-wrap items-center gap-x-3 gap-y-1 px-3 py-2 text-sm">
          <span className="min-w-36">{PARTS[part.part]}</span>
          <Badge tone={STATES[part.state].tone}>{STATES[part.state].label}</Badge>
          <span className="ml-auto text-xs text-muted">
            {[
              part.restarts > 0 && plural(part.restarts, 'restart'),
              part.memory_bytes !== null && formatBytes(part.memory_bytes),
            ]
              .filter(Boolean)
              .join(' · ')}
          </span>
          {part.reason && <LastFailure part={part} />}
          {part.advice && <p className="basis-full text-xs">{part.advice}</p>}
        </li>
      ))}
    </ul>
  )
}

/** Of a part that works again, its reason is why it died before. */
function LastFailure({ part }: { part: PodPart }) {
  return (
    <p className="basis-full text-xs text-muted">
      {part.state === 'ready' && 'Last failure: '}
      {part.reason}
    </p>
  )
}
