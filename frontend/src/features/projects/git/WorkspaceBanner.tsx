import { CircleAlert, GitBranch } from 'lucide-react'
import { useState } from 'react'
import type { ProjectSummary } from '@/api/types'
import { useCloneProgress } from '@/realtime/cloning'
import { Button } from '@/ui/button'
import { progressText } from './form'
import { ProgressBar } from './ProgressBar'
import { RetryDialog } from './RetryDialog'

/** Stands above a project's pages until its repository is there. */
export function WorkspaceBanner({ project }: { project: ProjectSummary }) {
  if (project.workspace_state === 'ready') return null
  return project.workspace_state === 'failed' ? <Failed project={project} /> : <Cloning project={project} />
}

function Cloning({ project }: { project: ProjectSummary }) {
  const progress = useCloneProgress(project.id)
  const text = progressText(project, progress)
  return (
    <section aria-label="Clone" className="flex flex-col gap-1.5 border-y bg-info/8 px-4 py-2 text-sm">
      <div className="flex flex-wrap items-center gap-x-2 gap-y-0.5">
        <GitBranch aria-hidden className="size-4 shrink-0 text-info" />
        <span role="status" className="min-w-0 break-all">
          Cloning {project.git_url}
        </span>
        <span className="ml-auto text-xs text-muted tabular-nums">{text}</span>
      </div>
      <ProgressBar
        label={`Clone of ${project.git_url ?? 'the repository'}`}
        percent={progress?.percent ?? null}
      />
      <p className="text-xs text-muted">Cards can be executed already; they wait until it is done.</p>
    </section>
  )
}

function Failed({ project }: { project: ProjectSummary }) {
  const [open, setOpen] = useState(false)
  return (
    <section
      aria-label="Clone"
      className="flex flex-wrap items-center gap-2 border-y bg-bad/8 px-4 py-2 text-sm"
    >
      <CircleAlert aria-hidden className="size-4 shrink-0 text-bad" />
      <p role="alert" className="min-w-0 flex-1 basis-60 break-words">
        <span className="font-medium">The repository could not be cloned.</span> {project.workspace_reason}
      </p>
      <Button size="sm" onClick={() => setOpen(true)}>
        Try again…
      </Button>
      {open && <RetryDialog project={project} onClose={() => setOpen(false)} />}
    </section>
  )
}

/** The same in one line, for a card of the dashboard. */
export function WorkspaceLine({ project }: { project: ProjectSummary }) {
  const progress = useCloneProgress(project.id)
  if (project.workspace_state === 'ready') return null
  if (project.workspace_state === 'failed') {
    return <p className="line-clamp-2 text-xs text-bad">Not cloned: {project.workspace_reason}</p>
  }
  const text = progressText(project, progress)
  return (
    <div className="flex flex-col gap-1">
      <p className="truncate text-xs text-muted tabular-nums">Cloning: {text}</p>
      <ProgressBar label={`Clone of ${project.name}`} percent={progress?.percent ?? null} />
    </div>
  )
}
