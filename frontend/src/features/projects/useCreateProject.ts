import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from 'react-router'
import { describe } from '@/api/errors'
import { createProjectMutation } from '@/api/options'
import { allProjectsOptions } from '@/api/queries'
import { toast } from '@/ui/toast'

/** Makes a project and opens its board. */
export function useCreateProject() {
  const client = useQueryClient()
  const navigate = useNavigate()
  return useMutation({
    ...createProjectMutation(),
    onSuccess: (project) => {
      void client.invalidateQueries({ queryKey: allProjectsOptions().queryKey })
      void navigate(`/p/${project.slug}`)
    },
    onError: (error) =>
      toast.error('The project could not be made', { description: describe(error).message }),
  })
}
