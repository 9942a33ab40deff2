import { useQuery } from '@tanstack/react-query'
import { Archive, ArchiveRestore, Trash2 } from 'lucide-react'
import { Link } from 'react-router'
import { describe } from '@/api/errors'
import { archivedProjectsOptions } from '@/api/queries'
import type { ProjectSummary } from '@/api/types'
import { useProjectDeletion } from '@/api/useProjectDeletion'
import { formatAgo } from '@/lib/format'
import { useNow } from '@/lib/useNow'
import { Button } from '@/ui/button'
import { Card } from '@/ui/card'
import { ConfirmByName } from '@/ui/confirm-by-name'
import { toast } from '@/ui/toast'
import { useRestoreProject } from './useRestoreProject'

/** What was put away, below what is at work; nothing when there is none. */
export function ArchivedProjects() {
  const { data } = useQuery(archivedProjectsOptions())
  const now = useNow(true, 60_000)
  if (!data?.length) return null
  return (
    <section aria-labelledby="archived" className="flex flex-col gap-3">
      <h2 id="archived" className="flex items-center gap-2 text-sm font-medium text-muted">
        <Archive aria-hidden className="size-4" /> Archived
      </h2>
      <Card className="divide-y">
        {data.map((project) => (
          <Archived key={project.id} project={project} now={now} />
        ))}
      </Card>
    </section>
  )
}

function Archived({ project, now }: { project: ProjectSummary; now: number }) {
  const restore = useRestoreProject(project.id)
  const remove = useProjectDeletion(project.id, {
    onDeleted: () => toast(`Deleted “${project.name}”`),
    onError: (error) =>
      toast.error('The project could not be deleted', { description: describe(error).message }),
  })
  return (
    <div className="flex flex-wrap items-center gap-3 px-4 py-2.5">
      <p className="min-w-0 flex-1 truncate text-sm font-medium">
        <Link to={`/p/${project.slug}`} className="hover:underline">
          {project.name}
        </Link>
      </p>
      {project.archived_at && (
        <time dateTime={project.archived_at} className="text-xs text-muted">
          {formatAgo(project.archived_at, now)}
        </time>
      )}
      <Button
        size="sm"
        busy={restore.isPending}
        aria-label={`Restore ${project.name}`}
        onClick={() => restore.mutate()}
      >
        {!restore.isPending && <ArchiveRestore aria-hidden />} Restore
      </Button>
      <ConfirmByName
        name={project.name}
        description="Its cards, runs and files are gone with it. This cannot be undone from here."
        action="Delete project"
        busy={remove.isPending}
        onConfirm={() => remove.mutate()}
      >
        <Button size="sm" variant="dangerGhost" aria-label={`Delete ${project.name}…`}>
          <Trash2 aria-hidden /> Delete…
        </Button>
      </ConfirmByName>
    </div>
  )
}
