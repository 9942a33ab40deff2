import type { ProjectSummary } from '@/api/types'
import { Loading } from '@/ui/states'

export interface FilesPageProps {
  project: ProjectSummary
}

export default function FilesPage(_: FilesPageProps) {
  return <Loading label="Opening the workspace" />
}
