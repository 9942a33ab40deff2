import { Link } from 'react-router'
import type { ProjectSummary } from '@/api/types'
import { cn } from '@/lib/cn'
import { plural } from '@/lib/format'
import { Badge } from '@/ui/badge'
import { Card } from '@/ui/card'
import { WorkspaceLine } from './git/WorkspaceBanner'
import { COLUMNS, totalCards } from './model'
import { PodBadge } from './PodControl'

export function ProjectCard({ project }: { project: ProjectSummary }) {
  const attention = project.attention_count ?? 0
  const running = project.running_count ?? 0
  return (
    <Card className="relative flex h-full min-w-0 flex-col gap-3 p-4 transition-colors hover:border-line-strong">
      <div className="flex items-start gap-2">
        <h2 className="min-w-0 flex-1 text-base font-semibold break-words">
          <Link
            to={`/p/${project.slug}`}
            className="rounded-sm after:absolute after:inset-0 after:rounded-lg"
          >
            {project.name}
          </Link>
        </h2>
        <PodBadge project={project} />
      </div>
      {project.description && <p className="line-clamp-2 text-sm text-muted">{project.description}</p>}
      {project.pod_status === 'failed' && project.pod_reason && (
        <p className="line-clamp-2 text-xs text-bad">{project.pod_reason}</p>
      )}
      <WorkspaceLine project={project} />
      <div className="mt-auto flex flex-col gap-2.5">
        <div className="flex flex-wrap gap-1.5 empty:hidden">
          {attention > 0 && (
            <Badge tone="warn">{attention === 1 ? '1 needs you' : `${attention} need you`}</Badge>
          )}
          {running > 0 && <Badge tone="info">{running} running</Badge>}
          {project.demo && <Badge>Demo model</Badge>}
        </div>
        <Counts project={project} />
      </div>
    </Card>
  )
}

function Counts({ project }: { project: ProjectSummary }) {
  const total = totalCards(project)
  if (total === 0) return <p className="text-xs text-faint">No cards yet</p>
  const counts = COLUMNS.map((column) => ({ ...column, count: project.task_counts?.[column.status] ?? 0 }))
  return (
    <>
      <div aria-hidden className="flex h-1.5 gap-px overflow-hidden rounded-full bg-hover">
        {counts.map(({ status, bar, count }) => (
          <span key={status} className={cn(bar)} style={{ width: `${(100 * count) / total}%` }} />
        ))}
      </div>
      <p className="sr-only">{plural(total, 'card')}</p>
      <dl className="flex flex-wrap gap-x-3 gap-y-1 text-xs text-muted">
        {counts
          .filter(({ count }) => count > 0)
          .map(({ status, label, bar, count }) => (
            <div key={status} className="flex items-center gap-1.5">
              <span aria-hidden className={cn('size-2 rounded-full', bar)} />
              <dt>{label}</dt>
              <dd className="tabular-nums">{count}</dd>
            </div>
          ))}
      </dl>
    </>
  )
}
