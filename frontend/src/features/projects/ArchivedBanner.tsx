import { Archive, ArchiveRestore } from 'lucide-react'
import type { ProjectSummary } from '@/api/types'
import { Button } from '@/ui/button'
import { useRestoreProject } from './useRestoreProject'

/** Stands above the pages of an archived project: why nothing can be changed there, and the way back. */
export function ArchivedBanner({ project }: { project: ProjectSummary }) {
  const restore = useRestoreProject(project.id)
  return (
    <section
      aria-label="Archived"
      className="flex flex-wrap items-center gap-2 border-y bg-sunken px-4 py-2 text-sm"
    >
      <Archive aria-hidden className="size-4 shrink-0 text-muted" />
      <p className="min-w-0 flex-1 basis-60">This project is archived: it can be read, not changed.</p>
      <Button size="sm" busy={restore.isPending} onClick={() => restore.mutate()}>
        {!restore.isPending && <ArchiveRestore aria-hidden />} Restore
      </Button>
    </section>
  )
}
