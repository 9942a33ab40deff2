import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { describe, fieldError } from '@/api/errors'
import { queriesOf } from '@/api/queries'
import { updateProject } from '@/api/sdk'
import type { ProjectPatch, ProjectSummary } from '@/api/types'
import { Button } from '@/ui/button'
import { Field } from '@/ui/field'
import { Input, Textarea } from '@/ui/input'
import { toast } from '@/ui/toast'
import { useUnsaved } from '@/ui/unsaved'

type Texts = Pick<ProjectSummary, 'name' | 'description'>

function textsOf({ name, description }: Texts): Texts {
  return { name, description }
}

export function GeneralForm({ project }: { project: ProjectSummary }) {
  const client = useQueryClient()
  // Only what was typed: the rest follows what others change.
  const [draft, setDraft] = useState<Partial<Texts>>({})
  const { name, description }: Texts = { ...textsOf(project), ...draft }
  const save = useMutation({
    mutationFn: (body: ProjectPatch) => updateProject({ path: { project: project.id }, body }),
    onSuccess: () => toast.success('Saved'),
    onError: (error) =>
      toast.error('The project could not be saved', { description: describe(error).message }),
    onSettled: async (_, refused) => {
      await client.invalidateQueries({
        predicate: queriesOf(['getProject', 'listProjects', 'listAttention']),
      })
      if (!refused) setDraft({})
    },
  })
  const changed = name.trim() !== project.name || description.trim() !== project.description
  useUnsaved(
    changed && !save.isPending
      ? 'The name or description of the project has changes that are not saved.'
      : null,
  )
  const onSubmit = (event: FormEvent) => {
    event.preventDefault()
    if (changed && name.trim()) save.mutate({ name: name.trim(), description: description.trim() })
  }
  return (
    <form className="flex flex-col gap-4" onSubmit={onSubmit}>
      <Field label="Name" error={name.trim() ? fieldError(save.error, 'name') : 'A project needs a name.'}>
        {(control) => (
          <Input
            {...control}
            maxLength={120}
            value={name}
            readOnly={save.isPending}
            onChange={(event) => setDraft({ ...draft, name: event.target.value })}
          />
        )}
      </Field>
      <Field label="Description">
        {(control) => (
          <Textarea
            {...control}
            rows={3}
            maxLength={10_000}
            value={description}
            readOnly={save.isPending}
            onChange={(event) => setDraft({ ...draft, description: event.target.value })}
          />
        )}
      </Field>
      <div className="flex items-center gap-3">
        <Button type="submit" variant="primary" busy={save.isPending} disabled={!changed}>
          Save
        </Button>
        <p className="text-sm text-muted">
          Its address stays <code className="font-mono text-xs">/p/{project.slug}</code>.
        </p>
      </div>
    </form>
  )
}
