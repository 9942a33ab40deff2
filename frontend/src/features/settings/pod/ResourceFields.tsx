import { useQuery } from '@tanstack/react-query'
import { getResourcesOptions } from '@/api/options'
import type { ProjectPatch, ProjectSummary, Resources } from '@/api/types'
import { formatBytes, plural } from '@/lib/format'
import { Field } from '@/ui/field'
import { Select } from '@/ui/select'

const USUAL = 'usual'
const MEMORY = [1024, 1536, 2048, 3072, 4096, 6144, 8192, 16384, 32768]
const PROCESSORS = [1, 2, 3, 4, 6, 8, 12, 16]

const memory = (mb: number) => formatBytes(mb * 2 ** 20)
const processors = (count: number) => plural(count, 'processor')

export interface ResourceFieldsProps {
  project: Pick<ProjectSummary, 'memory_mb' | 'cpu_limit'>
  onChange: (patch: ProjectPatch) => void
}

/** What the workspace may use of the machine, within what the operator allows. */
export function ResourceFields({ project, onChange }: ResourceFieldsProps) {
  const { data } = useQuery(getResourcesOptions())
  return (
    <>
      <Field label="Memory">
        {(control) => (
          <Select
            {...control}
            value={choiceOf(project.memory_mb)}
            options={choices(MEMORY, project.memory_mb, memory, data, 'memory_mb')}
            onValueChange={(value) => onChange({ memory_mb: numberOf(value) })}
          />
        )}
      </Field>
      <Field label="Processors">
        {(control) => (
          <Select
            {...control}
            value={choiceOf(project.cpu_limit)}
            options={choices(PROCESSORS, project.cpu_limit, processors, data, 'cpu_limit')}
            onValueChange={(value) => onChange({ cpu_limit: numberOf(value) })}
          />
        )}
      </Field>
      <p className="text-xs text-muted sm:col-span-2">
        A workspace that runs keeps its limits until it is stopped and started again. {data?.enforcement}
      </p>
    </>
  )
}

const choiceOf = (set: number | null) => (set === null ? USUAL : String(set))
const numberOf = (value: string) => (value === USUAL ? null : Number(value))

/** What is set stands among them also when it is none of the usual sizes, or more than is allowed by now. */
function choices(
  sizes: number[],
  set: number | null,
  words: (size: number) => string,
  offered: Resources | undefined,
  field: 'memory_mb' | 'cpu_limit',
) {
  const most = offered?.[`${field}_max`] ?? Number.POSITIVE_INFINITY
  const allowed = sizes.filter((size) => size <= most)
  const all = set === null || allowed.includes(set) ? allowed : [...allowed, set].toSorted((a, b) => a - b)
  const usual = offered?.[field]
  const hint = offered ? ` (${usual ? words(usual) : 'no limit'})` : ''
  return [
    { value: USUAL, label: `As the operator set it${hint}` },
    ...all.map((size) => ({ value: String(size), label: words(size) })),
  ]
}
