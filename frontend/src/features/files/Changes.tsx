import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { listSessionsOptions } from '@/api/options'
import { formatAgo } from '@/lib/format'
import { Select } from '@/ui/select'
import type { Editors } from './editor'
import { SinceCommit } from './SinceCommit'
import { SinceRun } from './SinceRun'

const COMMIT = 'commit'
const NEWEST = 20

export interface ChangesProps {
  projectId: string
  path: string
  text: string
  /** The run that the way here led from. */
  run: string | null
  Compare: Editors['Compare']
}

/** The text of the editor against an earlier state, which can be chosen: the last commit, or before a run. */
export function Changes({ run, ...file }: ChangesProps) {
  const [base, setBase] = useState(run ?? COMMIT)
  const runs = useQuery(listSessionsOptions({ path: { project: file.projectId }, query: { limit: NEWEST } }))
  const begun = (runs.data?.items ?? []).filter(({ execution_start_at }) => execution_start_at !== null)
  const options = begun.map(({ id, task_title, created_at }) => ({
    value: id,
    label: `Before “${task_title}”, ${formatAgo(created_at)}`,
  }))
  if (run && !begun.some(({ id }) => id === run)) options.unshift({ value: run, label: 'Before the run' })
  return (
    <div className="flex h-full flex-col">
      <div className="flex items-center gap-2 border-b bg-surface px-2 py-1 text-xs text-muted">
        <span aria-hidden>Compared with</span>
        <Select
          aria-label="Compared with"
          className="h-7 max-w-72 min-w-0 text-xs"
          value={base}
          options={[{ value: COMMIT, label: 'The last commit' }, ...options]}
          onValueChange={setBase}
        />
      </div>
      <div className="min-h-0 flex-1">
        {base === COMMIT ? <SinceCommit {...file} /> : <SinceRun {...file} run={base} />}
      </div>
    </div>
  )
}
