import { lazy, Suspense } from 'react'
import { Loading } from '@/ui/states'
import { useProject } from '../ProjectLayout'

const SettingsPage = lazy(() => import('@/features/settings/SettingsPage'))

export function SettingsRoute() {
  const { project } = useProject()
  return (
    <div className="relative min-h-0 flex-1 overflow-y-auto scroll-thin">
      <Suspense fallback={<Loading label="Opening the settings" />}>
        <SettingsPage key={project.id} project={project} />
      </Suspense>
    </div>
  )
}
