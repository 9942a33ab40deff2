import { lazy, Suspense } from 'react'
import { Loading } from '@/ui/states'
import { useProject } from '../ProjectLayout'

const TerminalPage = lazy(() => import('@/features/terminal/TerminalPage'))

export function TerminalRoute() {
  const { project } = useProject()
  return (
    <Suspense fallback={<Loading label="Opening the terminals" />}>
      <TerminalPage key={project.id} project={project} />
    </Suspense>
  )
}
