import { useMutation, useQueryClient } from '@tanstack/react-query'
import { describe } from '@/api/errors'
import { queriesOf } from '@/api/queries'
import { restoreProject } from '@/api/sdk'
import { toast } from '@/ui/toast'

/** Brings an archived project back among those at work. */
export function useRestoreProject(projectId: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => restoreProject({ path: { project: projectId } }),
    onError: (error) =>
      toast.error('The project could not be restored', { description: describe(error).message }),
    onSettled: () =>
      client.invalidateQueries({ predicate: queriesOf(['getProject', 'listProjects', 'listAttention']) }),
  })
}
