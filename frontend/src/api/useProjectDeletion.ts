import { useMutation, useQueryClient } from '@tanstack/react-query'
import { allProjectsOptions, archivedProjectsOptions, queriesOf } from './queries'
import { deleteProject } from './sdk'

export interface ProjectDeletion {
  /** Comes before the project leaves the lists, and with it perhaps the page. */
  onDeleted: () => unknown
  onError: (error: unknown) => void
}

/** Deletes a project, and takes it off every list. */
export function useProjectDeletion(projectId: string, { onDeleted, onError }: ProjectDeletion) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => deleteProject({ path: { project: projectId } }),
    onSuccess: async () => {
      await onDeleted()
      for (const { queryKey } of [allProjectsOptions(), archivedProjectsOptions()])
        client.setQueryData(queryKey, (all) => all?.filter(({ id }) => id !== projectId))
      void client.invalidateQueries({ predicate: queriesOf(['listProjects', 'listAttention']) })
    },
    onError,
  })
}
