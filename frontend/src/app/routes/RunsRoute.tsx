import { lazy, Suspense } from 'react'
import { Loading } from '@/ui/states'
import { useProject } from '../ProjectLayout'

const RunsPage = lazy(() => import('@/features/task/runs/RunsPage'))

export function RunsRoute() {
  const { project, baseUrl } = useProject()
  return (
    <Suspense fallback={<Loading label="Opening the runs" />}>
      <RunsPage key={project.id} project={project} baseUrl={baseUrl} />
    </Suspense>
  )
}
