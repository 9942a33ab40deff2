import { useQuery } from '@tanstack/react-query'
import { Search } from 'lucide-react'
import { lazy, Suspense, useCallback, useState } from 'react'
import { Link, Outlet, useLocation, useNavigate, useParams } from 'react-router'
import { allProjectsOptions } from '@/api/queries'
import type { Me } from '@/api/types'
import { useKeptShortcuts, useKeptTheme } from '@/features/account/preferences'
import { AnsweringContext, type AskedCard } from '@/lib/answering'
import { useShortcut } from '@/lib/shortcuts'
import { useSubscription } from '@/realtime/RealtimeProvider'
import { IconButton } from '@/ui/icon-button'
import { Logo } from '@/ui/logo'
import { AttentionMenu } from './AttentionMenu'
import { ConnectionStatus } from './ConnectionStatus'
import { ProjectSwitcher } from './ProjectSwitcher'
import { UserMenu } from './UserMenu'
import { useNotifier } from './useNotifier'

const AnswerDialog = lazy(() => import('@/features/task/asks/AnswerDialog'))
const CommandPalette = lazy(() => import('./CommandPalette'))
const ShortcutSheet = lazy(() => import('./ShortcutSheet'))

/** The largest number of boards one browser may listen to. */
const MOST_SUBSCRIPTIONS = 200

export function Shell({ me }: { me: Me }) {
  const navigate = useNavigate()
  const { pathname } = useLocation()
  const { project } = useParams()
  const [palette, setPalette] = useState(false)
  const [sheet, setSheet] = useState(false)
  const [asked, setAsked] = useState<AskedCard | null>(null)
  const closeAsked = useCallback(() => setAsked(null), [])
  const projects = useQuery(allProjectsOptions())
  useSubscription((projects.data ?? []).slice(0, MOST_SUBSCRIPTIONS).map(({ id }) => id))

  useKeptTheme()
  useKeptShortcuts()
  useNotifier()

  const create = () => void navigate(newAt(pathname, project))
  useShortcut('mod+k', 'Search projects, cards and commands', 'Anywhere', () => setPalette(true))
  useShortcut('c', project ? 'New card' : 'New project', 'Anywhere', create)
  useShortcut('?', 'All shortcuts', 'Anywhere', () => setSheet(true))

  return (
    <div className="flex h-full flex-col">
      <a
        href="#main"
        className="sr-only rounded-md bg-accent px-3 py-2 text-on-accent focus:not-sr-only focus:absolute focus:top-2 focus:left-2 focus:z-50"
      >
        Skip to content
      </a>
      <header className="flex h-12 shrink-0 items-center gap-1 border-b bg-surface px-2 sm:px-3">
        <Link to="/" aria-label="All projects" className="flex items-center gap-2 rounded-md p-1">
          <Logo className="size-6" />
        </Link>
        <ProjectSwitcher projects={projects.data ?? []} current={project} />
        <div className="ml-auto flex items-center gap-0.5">
          <ConnectionStatus />
          <AttentionMenu onAnswer={setAsked} />
          <IconButton label="Search" shortcut="mod+k" onClick={() => setPalette(true)}>
            <Search aria-hidden />
          </IconButton>
          <UserMenu me={me} onShortcuts={() => setSheet(true)} />
        </div>
      </header>
      <main id="main" tabIndex={-1} className="flex min-h-0 flex-1 flex-col outline-none">
        <AnsweringContext value={setAsked}>
          <Outlet />
        </AnsweringContext>
      </main>
      <Suspense>
        {palette && (
          <CommandPalette
            onClose={() => setPalette(false)}
            onCreate={create}
            onShortcuts={() => setSheet(true)}
          />
        )}
        {asked && <AnswerDialog card={asked} onClose={closeAsked} />}
        {sheet && <ShortcutSheet onClose={() => setSheet(false)} />}
      </Suspense>
    </div>
  )
}

/** The address that opens the form for a new card of this project, or for a new project. */
export function newAt(pathname: string, project: string | undefined): string {
  if (!project) return '/?new'
  const board = `/p/${project}`
  return `${pathname.startsWith(`${board}/t/`) ? pathname : board}?new`
}
