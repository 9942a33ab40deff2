import type { ProjectSummary } from '@/api/types'
import { Loading } from '@/ui/states'

export interface SettingsPageProps {
  project: ProjectSummary
}

export default function SettingsPage(_: SettingsPageProps) {
  return <Loading label="Opening the settings" />
}
