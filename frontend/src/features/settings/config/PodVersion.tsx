import { useQuery } from '@tanstack/react-query'
import { getConfigStateOptions } from '@/api/options'

const REFRESH = 15_000

/** A new version reaches the workspace by a restart of its OpenCode between runs; until then this says so. */
export function PodVersion({ projectId }: { projectId: string }) {
  const state = useQuery({
    ...getConfigStateOptions({ path: { project: projectId } }),
    refetchInterval: (query) => (query.state.data?.pending ? REFRESH : false),
  })
  if (!state.data?.pending || state.data.active_version === null) return null
  const { active_version: active, pod_version: runs } = state.data
  return (
    <p role="status" className="rounded-md bg-sunken px-3 py-2 text-sm text-muted">
      Version {active} is active; the workspace still runs{' '}
      {runs === null ? 'an older one' : `version ${runs}`} until the next run.
    </p>
  )
}
