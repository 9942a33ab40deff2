import { useMutation, useQueryClient } from '@tanstack/react-query'
import { describe } from '@/api/errors'
import { queriesOf } from '@/api/queries'
import { updateProject } from '@/api/sdk'
import type { ProjectPatch, ProjectSummary } from '@/api/types'
import { plural } from '@/lib/format'
import { Field } from '@/ui/field'
import { Select } from '@/ui/select'
import { toast } from '@/ui/toast'
import { ResourceFields } from './ResourceFields'

const USUAL = 'usual'
const RESTS = [
  { value: USUAL, label: 'As the operator set it' },
  { value: '600', label: 'After 10 minutes' },
  { value: '1800', label: 'After 30 minutes' },
  { value: '7200', label: 'After 2 hours' },
  { value: '28800', label: 'After 8 hours' },
  { value: '0', label: 'Never' },
]
const AT_ONCE = Array.from({ length: 8 }, (_, index) => ({
  value: String(index + 1),
  label: index === 0 ? '1 run, the others wait' : `${index + 1} runs`,
}))

/** When the workspace rests, how much it does at once and what it may use; each choice is saved as it is made. */
export function PodForm({ project }: { project: ProjectSummary }) {
  const client = useQueryClient()
  const save = useMutation({
    mutationFn: (body: ProjectPatch) => updateProject({ path: { project: project.id }, body }),
    onSuccess: () => toast.success('Saved'),
    onError: (error) => toast.error('That could not be saved', { description: describe(error).message }),
    onSettled: () => client.invalidateQueries({ predicate: queriesOf(['getProject', 'listProjects']) }),
  })
  // What is being saved is shown at once; a refusal puts back what the server has.
  const chosen = { ...project, ...(save.isPending ? save.variables : {}) } as ProjectSummary
  const idle = chosen.idle_stop_seconds ?? null
  const rest = idle === null ? USUAL : String(idle)
  const known = RESTS.some(({ value }) => value === rest)
  const rests = known ? RESTS : [...RESTS, { value: rest, label: `After ${plural(Number(rest), 'second')}` }]
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <Field label="Stops when idle">
        {(control) => (
          <Select
            {...control}
            value={rest}
            options={rests}
            onValueChange={(value) =>
              save.mutate({ idle_stop_seconds: value === USUAL ? null : Number(value) })
            }
          />
        )}
      </Field>
      <Field label="Cards at work at once">
        {(control) => (
          <Select
            {...control}
            value={String(chosen.max_concurrent_runs ?? 1)}
            options={AT_ONCE}
            onValueChange={(value) => save.mutate({ max_concurrent_runs: Number(value) })}
          />
        )}
      </Field>
      <p className="text-xs text-muted sm:col-span-2">
        Cards at work at the same time change the same files. Further ones wait in the queue.
      </p>
      <ResourceFields project={chosen} onChange={save.mutate} />
    </div>
  )
}
