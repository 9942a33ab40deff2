import { useQuery } from '@tanstack/react-query'
import { GitCompare } from 'lucide-react'
import { Suspense } from 'react'
import { ApiError, describe } from '@/api/errors'
import { getOriginalQueryKey } from '@/api/options'
import { EmptyState, ErrorState, Loading } from '@/ui/states'
import type { Editors } from './editor'
import { readOriginal } from './model/content'

const NOTHING: Record<string, [title: string, body: string]> = {
  no_repository: ['No git repository', 'The workspace has no commits to compare with.'],
  not_committed: ['Not in the last commit', 'Everything in this file is new since then.'],
}

export interface SinceCommitProps {
  projectId: string
  path: string
  text: string
  Compare: Editors['Compare']
}

/** The text of the editor against the file as it was committed last. */
export function SinceCommit({ projectId, path, text, Compare }: SinceCommitProps) {
  const original = useQuery({
    queryKey: [...getOriginalQueryKey({ path: { project: projectId }, query: { path } }), 'text'],
    queryFn: ({ signal }) => readOriginal(projectId, path, signal),
    retry: false,
    gcTime: 0,
    staleTime: 0,
  })
  const { data, error } = original
  if (error) {
    const reason = error instanceof ApiError ? NOTHING[String(error.details.reason)] : undefined
    if (!reason) {
      return (
        <ErrorState
          title="The last commit cannot be read"
          {...describe(error)}
          onRetry={() => void original.refetch()}
        />
      )
    }
    return (
      <EmptyState icon={<GitCompare aria-hidden />} title={reason[0]}>
        {reason[1]}
      </EmptyState>
    )
  }
  if (data === undefined) return <Loading label="Reading the last commit…" />
  if (data === null) {
    return (
      <EmptyState icon={<GitCompare aria-hidden />} title="It cannot be compared">
        What was committed last is not text, or is longer than 2 MB.
      </EmptyState>
    )
  }
  if (data === text) {
    return (
      <EmptyState icon={<GitCompare aria-hidden />} title="No changes">
        The file is as it was committed last.
      </EmptyState>
    )
  }
  return (
    <Suspense fallback={<Loading label="Loading the comparison…" />}>
      <Compare
        path={path}
        theirs={data}
        mine={text}
        labels={['As committed last', 'As it is now']}
        className="h-full"
      />
    </Suspense>
  )
}
