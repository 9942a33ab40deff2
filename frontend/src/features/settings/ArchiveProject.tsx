import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Archive } from 'lucide-react'
import { useNavigate } from 'react-router'
import { describe } from '@/api/errors'
import { queriesOf } from '@/api/queries'
import { archiveProject, restoreProject } from '@/api/sdk'
import type { ProjectSummary } from '@/api/types'
import { Button } from '@/ui/button'
import { toast } from '@/ui/toast'

/** Puts the project away without losing anything; an undo stands in the message that says so. */
export function ArchiveProject({ project }: { project: ProjectSummary }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const refresh = () =>
    client.invalidateQueries({ predicate: queriesOf(['getProject', 'listProjects', 'listAttention']) })
  const path = { project: project.id }
  const restore = () =>
    restoreProject({ path }).then(refresh, (error) =>
      toast.error('The project could not be restored', { description: describe(error).message }),
    )
  const archive = useMutation({
    mutationFn: () => archiveProject({ path }),
    onSuccess: async () => {
      await navigate('/')
      await refresh()
      toast(`Archived “${project.name}”`, { action: { label: 'Undo', onClick: () => void restore() } })
    },
    onError: (error) =>
      toast.error('The project could not be archived', { description: describe(error).message }),
  })
  return (
    <div className="flex flex-wrap items-center justify-between gap-3">
      <p className="min-w-0 flex-1 text-sm text-muted">
        Stops the workspace and keeps everything: cards, runs and files. It can be restored from the list of
        projects.
      </p>
      <Button busy={archive.isPending} onClick={() => archive.mutate()}>
        {!archive.isPending && <Archive aria-hidden />} Archive project
      </Button>
    </div>
  )
}
