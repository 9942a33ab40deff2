import { useNavigate } from 'react-router'
import { describe } from '@/api/errors'
import type { ProjectSummary } from '@/api/types'
import { useProjectDeletion } from '@/api/useProjectDeletion'
import { Button } from '@/ui/button'
import { ConfirmByName } from '@/ui/confirm-by-name'
import { toast } from '@/ui/toast'

export function DeleteProject({ project }: { project: ProjectSummary }) {
  const navigate = useNavigate()
  const remove = useProjectDeletion(project.id, {
    onDeleted: async () => {
      await navigate('/')
      toast(`Deleted “${project.name}”`)
    },
    onError: (error) =>
      toast.error('The project could not be deleted', { description: describe(error).message }),
  })
  return (
    <div className="flex flex-wrap items-center justify-between gap-3">
      <p className="min-w-0 flex-1 text-sm text-muted">
        Stops the workspace and takes the project with its cards and runs off every list.
      </p>
      <ConfirmByName
        name={project.name}
        description="A run in progress is cancelled. This cannot be undone from here."
        action="Delete project"
        busy={remove.isPending}
        onConfirm={() => remove.mutate()}
      >
        <Button variant="dangerGhost">Delete project…</Button>
      </ConfirmByName>
    </div>
  )
}
