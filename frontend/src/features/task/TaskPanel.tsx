import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useMemo } from 'react'
import { useSearchParams } from 'react-router'
import { ApiError, describe } from '@/api/errors'
import { useStates } from '@/api/states'
import type { ProjectSummary } from '@/api/types'
import { cn } from '@/lib/cn'
import { useShortcut } from '@/lib/shortcuts'
import { Button } from '@/ui/button'
import { ErrorState, Loading } from '@/ui/states'
import { cardOptions } from './api'
import { CardView } from './CardView'
import { CardProvider } from './context'

export interface TaskPanelProps {
  project: ProjectSummary
  taskId: string
  onClose: () => void
}

/** One card beside the board: its texts, its runs, and all that can be done with it. */
export default function TaskPanel({ project, taskId, onClose }: TaskPanelProps) {
  const [search, setSearch] = useSearchParams()
  const full = search.has('full')
  const setFull = (next: boolean) => {
    setSearch(
      (before) => {
        if (next) before.set('full', '')
        else before.delete('full')
        return before
      },
      { replace: true },
    )
  }
  const client = useQueryClient()
  const card = useMemo(() => ({ projectId: project.id, taskId }), [project.id, taskId])
  const task = useQuery(cardOptions(card, client))
  const states = useStates()
  useShortcut('escape', 'Close the card', 'Card', () => (full ? setFull(false) : onClose()))
  useShortcut('f', 'Full screen on and off', 'Card', () => setFull(!full))

  if (task.data && states.data) {
    return (
      <Frame full={full}>
        <CardProvider value={card}>
          <CardView
            key={taskId}
            project={project}
            task={task.data}
            states={states.data}
            full={full}
            onFull={() => setFull(!full)}
            onClose={onClose}
          />
        </CardProvider>
      </Frame>
    )
  }
  const error = task.error ?? states.error
  return (
    <Frame full={full}>
      {error ? (
        <Failure error={error} onRetry={() => void task.refetch()} onClose={onClose} />
      ) : (
        <Loading label="Opening the card…" />
      )}
    </Frame>
  )
}

function Frame({ full, children }: { full: boolean; children: ReactNode }) {
  return (
    <div
      className={cn('flex min-h-0 w-full min-w-0 flex-col bg-canvas', full ? 'fixed inset-0 z-30' : 'h-full')}
    >
      {children}
    </div>
  )
}

function Failure({ error, onRetry, onClose }: { error: unknown; onRetry: () => void; onClose: () => void }) {
  const gone = error instanceof ApiError && error.status === 404
  return (
    <ErrorState
      title={gone ? 'This card is not there any more' : 'The card cannot be shown'}
      {...(gone ? { message: 'It was deleted, or the address is wrong.' } : describe(error))}
      onRetry={gone ? undefined : onRetry}
      action={<Button onClick={onClose}>Back to the board</Button>}
    />
  )
}
