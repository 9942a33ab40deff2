import { lazy, Suspense } from 'react'
import { Loading } from '@/ui/states'
import { useProject } from '../ProjectLayout'

const FilesPage = lazy(() => import('@/features/files/FilesPage'))

export function FilesRoute() {
  const { project } = useProject()
  return (
    <Suspense fallback={<Loading label="Opening the workspace" />}>
      <FilesPage key={project.id} project={project} />
    </Suspense>
  )
}
