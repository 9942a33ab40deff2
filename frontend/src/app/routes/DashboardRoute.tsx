import { Dashboard } from '@/features/projects/Dashboard'
import { useTitle } from '../title'

export function DashboardRoute() {
  useTitle(null)
  return <Dashboard />
}
