import type { ProjectSummary } from '@/api/types'
import { Loading } from '@/ui/states'

export interface TaskPanelProps {
  project: ProjectSummary
  taskId: string
  onClose: () => void
}

export default function TaskPanel(_: TaskPanelProps) {
  return <Loading label="Opening the card" />
}
