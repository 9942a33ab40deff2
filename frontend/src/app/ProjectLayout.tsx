import { useQuery } from '@tanstack/react-query'
import { Bot, Columns3, FolderTree, ScrollText, Settings, SquareTerminal } from 'lucide-react'
import { Link, Outlet, useLocation, useOutletContext, useParams } from 'react-router'
import { ApiError, describe } from '@/api/errors'
import { getProjectOptions } from '@/api/options'
import type { ProjectSummary } from '@/api/types'
import { ArchivedBanner } from '@/features/projects/ArchivedBanner'
import { WorkspaceBanner } from '@/features/projects/git/WorkspaceBanner'
import { PodControl } from '@/features/projects/PodControl'
import { cn } from '@/lib/cn'
import { ReadOnlyContext } from '@/lib/readOnly'
import { useSubscription } from '@/realtime/RealtimeProvider'
import { Badge } from '@/ui/badge'
import { ErrorState, Loading } from '@/ui/states'
import { NotFoundPage } from './pages'
import { useTitle } from './title'

const TABS = [
  { to: '', label: 'Board', icon: Columns3 },
  { to: 'sessions', label: 'Runs', icon: Bot },
  { to: 'files', label: 'Files', icon: FolderTree },
  { to: 'terminal', label: 'Terminal', icon: SquareTerminal },
  { to: 'audit', label: 'Audit', icon: ScrollText },
  { to: 'settings', label: 'Settings', icon: Settings },
]

export interface ProjectContext {
  project: ProjectSummary
  /** `/p/<as it stands in the address>`. */
  baseUrl: string
}

export const useProject = () => useOutletContext<ProjectContext>()

/** Everything about one project: finds it by slug or id, and stands around its pages. */
export function ProjectLayout() {
  const { project: ref = '' } = useParams()
  const query = useQuery(getProjectOptions({ path: { project: ref } }))
  useSubscription(query.data ? [query.data.id] : [])
  useTitle(query.data?.name ?? null)

  if (query.isPending) return <Loading label="Opening the project" />
  if (!query.data) {
    const error: unknown = query.error
    if (error instanceof ApiError && error.status === 404) return <NotFoundPage />
    const retry = () => void query.refetch()
    return <ErrorState title="The project could not be opened" {...describe(error)} onRetry={retry} />
  }
  const project = query.data
  const baseUrl = `/p/${ref}`
  const archived = project.status === 'archived'
  return (
    <>
      <div className="flex h-11 shrink-0 items-center gap-1 px-2 sm:px-3">
        <h1 className="sr-only">{project.name}</h1>
        <nav aria-label="Project" className="flex min-w-0 gap-0.5 overflow-x-auto scroll-thin">
          {TABS.map((tab) => (
            <Tab key={tab.to} {...tab} baseUrl={baseUrl} />
          ))}
        </nav>
        {project.demo && (
          <Badge
            tone="info"
            className="ml-1"
            title="Its agent is a scripted demo model. Choose a real one in Settings."
          >
            <span>
              Demo<span className="max-sm:hidden"> model</span>
            </span>
          </Badge>
        )}
        {!archived && (
          <div className="ml-auto shrink-0">
            <PodControl project={project} />
          </div>
        )}
      </div>
      {archived ? <ArchivedBanner project={project} /> : <WorkspaceBanner project={project} />}
      <ReadOnlyContext value={archived}>
        <div className="flex min-h-0 flex-1 flex-col">
          <Outlet context={{ project, baseUrl } satisfies ProjectContext} />
        </div>
      </ReadOnlyContext>
    </>
  )
}

function Tab({ to, label, icon: Icon, baseUrl }: (typeof TABS)[number] & { baseUrl: string }) {
  const { pathname } = useLocation()
  const address = to === '' ? baseUrl : `${baseUrl}/${to}`
  // A card's panel stands beside the board, so its address belongs to the board.
  const here =
    to === '' ? pathname === baseUrl || pathname.startsWith(`${baseUrl}/t/`) : pathname.startsWith(address)
  return (
    <Link
      to={address}
      aria-current={here ? 'page' : undefined}
      className={cn(
        'inline-flex h-8 shrink-0 items-center gap-1.5 rounded-md px-2.5 text-sm -outline-offset-2 max-sm:px-1.5 text-muted hover:bg-hover hover:text-ink',
        here && 'bg-hover font-medium text-ink',
      )}
    >
      <Icon aria-hidden className="size-4 max-sm:hidden" />
      {label}
    </Link>
  )
}
