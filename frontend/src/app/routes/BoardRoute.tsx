import { lazy, Suspense } from 'react'
import { useNavigate, useParams, useSearchParams } from 'react-router'
import { Board } from '@/features/board/Board'
import { filterOf, searchFor } from '@/features/board/filter'
import { Loading } from '@/ui/states'
import { useProject } from '../ProjectLayout'

const TaskPanel = lazy(() => import('@/features/task/TaskPanel'))

/** The board, and beside it the panel of the card that the address names; on small screens above it. */
export function BoardRoute() {
  const { project, baseUrl } = useProject()
  const { task } = useParams()
  const [search] = useSearchParams()
  const navigate = useNavigate()
  const close = () => {
    void navigate(`${baseUrl}${searchFor(filterOf(search))}`)
    // The keyboard goes on where it came from.
    requestAnimationFrame(() => document.querySelector<HTMLElement>(`[data-card-link="${task}"]`)?.focus())
  }
  return (
    <div className="relative flex min-h-0 flex-1">
      <div className={task ? 'min-w-0 flex-1 max-lg:hidden' : 'min-w-0 flex-1'}>
        <Board key={project.id} projectId={project.id} baseUrl={baseUrl} openId={task ?? null} />
      </div>
      {task && (
        <aside
          aria-label="Card"
          className="flex min-h-0 w-full min-w-0 flex-col border-l bg-surface max-lg:border-l-0 lg:w-[46%] lg:max-w-3xl lg:min-w-md"
        >
          <Suspense fallback={<Loading label="Opening the card" />}>
            <TaskPanel key={task} project={project} taskId={task} onClose={close} />
          </Suspense>
        </aside>
      )}
    </div>
  )
}
