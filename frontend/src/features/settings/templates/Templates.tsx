import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import { describe } from '@/api/errors'
import { templatesOptions } from '@/api/queries'
import { deleteTemplate } from '@/api/sdk'
import type { Template } from '@/api/types'
import { Button } from '@/ui/button'
import { useConfirm } from '@/ui/confirm'
import { ErrorState, Loading } from '@/ui/states'
import { toast } from '@/ui/toast'
import { TemplateDialog } from './TemplateDialog'

/** The texts that new cards of this project can begin with. */
export function Templates({ projectId }: { projectId: string }) {
  const templates = useQuery(templatesOptions(projectId))
  const [edited, setEdited] = useState<Template | 'new' | null>(null)
  const remove = useRemove(projectId)

  if (templates.isPending) return <Loading label="Reading the templates…" className="py-4" />
  if (!templates.data) {
    return (
      <ErrorState
        title="The templates cannot be shown"
        {...describe(templates.error)}
        onRetry={() => void templates.refetch()}
        className="py-4"
      />
    )
  }
  return (
    <div className="flex flex-col gap-3">
      {templates.data.length === 0 ? (
        <p className="text-sm text-muted">No templates yet.</p>
      ) : (
        <ul className="divide-y rounded-md border">
          {templates.data.map((template) => (
            <li key={template.id} className="flex items-center gap-2 px-3 py-2 text-sm">
              <span className="min-w-0 flex-1 sm:flex sm:gap-2">
                <span className="block truncate font-medium">{template.name}</span>
                <span className="block min-w-0 truncate text-muted">{template.title}</span>
              </span>
              <Button size="sm" aria-label={`Edit ${template.name}`} onClick={() => setEdited(template)}>
                Edit
              </Button>
              <Button
                size="sm"
                variant="dangerGhost"
                aria-label={`Delete ${template.name}`}
                onClick={() => void remove(template)}
              >
                Delete
              </Button>
            </li>
          ))}
        </ul>
      )}
      <div>
        <Button size="sm" onClick={() => setEdited('new')}>
          <Plus aria-hidden /> New template
        </Button>
      </div>
      {edited && (
        <TemplateDialog
          projectId={projectId}
          template={edited === 'new' ? null : edited}
          onClose={() => setEdited(null)}
        />
      )}
    </div>
  )
}

function useRemove(projectId: string) {
  const client = useQueryClient()
  const confirm = useConfirm()
  const { mutate } = useMutation({
    mutationFn: (template: Template) =>
      deleteTemplate({ path: { project: projectId, template: template.id } }),
    onError: (error) =>
      toast.error('The template could not be deleted', { description: describe(error).message }),
    onSettled: () => client.invalidateQueries({ queryKey: templatesOptions(projectId).queryKey }),
  })
  return async (template: Template) => {
    const sure = await confirm({
      title: `Delete the template “${template.name}”?`,
      body: 'Cards that were made from it stay as they are.',
      action: 'Delete template',
      danger: true,
    })
    if (sure) mutate(template)
  }
}
