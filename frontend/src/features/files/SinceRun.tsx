import { useQuery } from '@tanstack/react-query'
import { GitCompare } from 'lucide-react'
import { type ReactNode, Suspense } from 'react'
import { describe } from '@/api/errors'
import { getDiffOptions, getSessionOptions } from '@/api/options'
import { EmptyState, ErrorState, Loading } from '@/ui/states'
import type { Editors } from './editor'
import { before } from './model/before'

export interface SinceRunProps {
  projectId: string
  path: string
  text: string
  run: string
  Compare: Editors['Compare']
}

/** The text of the editor against what it was before a run of the agent changed the file. */
export function SinceRun({ projectId, path, text, run, Compare }: SinceRunProps) {
  const session = useQuery(getSessionOptions({ path: { project: projectId, session: run } }))
  const diff = useQuery({
    ...getDiffOptions({
      path: { project: projectId, task: session.data?.task_id ?? '' },
      query: { session_id: run },
    }),
    enabled: session.isSuccess,
  })
  const failed = session.isError ? session : diff.isError ? diff : null
  if (failed) {
    return (
      <ErrorState
        title="What the run changed cannot be read"
        {...describe(failed.error)}
        onRetry={() => void failed.refetch()}
      />
    )
  }
  if (!diff.data) return <Loading label="Reading what the run changed…" />
  const change = diff.data.files.find(({ file }) => file === path)
  if (!change && !diff.data.known) {
    return (
      <Nothing title="What this run changed is not known">
        Its workspace ended before it was asked, or could not say. The last commit can be compared instead.
      </Nothing>
    )
  }
  if (!change) return <Nothing title="Not changed by this run">The run left this file as it was.</Nothing>
  const earlier = before(text, change.patch)
  if (earlier === null) {
    return (
      <Nothing title="Changed again since">
        The lines that the run changed were changed again, so what stood there before cannot be told from
        here. The card’s Changes tab shows what the run did.
      </Nothing>
    )
  }
  return (
    <Suspense fallback={<Loading label="Loading the comparison…" />}>
      <Compare
        path={path}
        theirs={earlier}
        mine={text}
        labels={['Before the run', 'As it is now']}
        className="h-full"
      />
    </Suspense>
  )
}

function Nothing({ title, children }: { title: string; children: ReactNode }) {
  return (
    <EmptyState icon={<GitCompare aria-hidden />} title={title}>
      {children}
    </EmptyState>
  )
}
