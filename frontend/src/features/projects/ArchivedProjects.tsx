import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Archive, ArchiveRestore } from 'lucide-react'
import { describe } from '@/api/errors'
import { archivedProjectsOptions, queriesOf } from '@/api/queries'
import { restoreProject } from '@/api/sdk'
import type { ProjectSummary } from '@/api/types'
import { formatAgo } from '@/lib/format'
import { useNow } from '@/lib/useNow'
import { Button } from '@/ui/button'
import { Card } from '@/ui/card'
import { toast } from '@/ui/toast'

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
  const client = useQueryClient()
  const restore = useMutation({
    mutationFn: () => restoreProject({ path: { project: project.id } }),
    onError: (error) =>
      toast.error('The project could not be restored', { description: describe(error).message }),
    onSettled: () => client.invalidateQueries({ predicate: queriesOf(['listProjects', 'listAttention']) }),
  })
  return (
    <div className="flex flex-wrap items-center gap-3 px-4 py-2.5">
      <p className="min-w-0 flex-1 truncate text-sm font-medium">{project.name}</p>
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
    </div>
  )
}
