import { useQueries, useQuery } from '@tanstack/react-query'
import { FolderGit2, Keyboard, LayoutGrid, Plus, Settings, Square, SquareCheck } from 'lucide-react'
import { useNavigate, useParams } from 'react-router'
import { allProjectsOptions, boardTasksOptions } from '@/api/queries'
import { useChangePreferences } from '@/features/account/preferences'
import { THEMES } from '@/features/account/ThemeChoice'
import { CommandDialog, CommandGroup, CommandItem } from '@/ui/command'

interface PaletteProps {
  onClose: () => void
  onCreate: () => void
  onShortcuts: () => void
}

/** Cards are searched in this project and so many others; each costs a request when the palette opens. */
const MOST_BOARDS = 20

/** Every project, every card, every command, by a few letters of its name. */
export default function CommandPalette({ onClose, onCreate, onShortcuts }: PaletteProps) {
  const navigate = useNavigate()
  const change = useChangePreferences()
  const { project: current } = useParams()
  const projects = useQuery(allProjectsOptions()).data ?? []
  const here = projects.find(({ id, slug }) => slug === current || id === current)
  const searched = (here ? [here, ...projects.filter((project) => project !== here)] : projects).slice(
    0,
    MOST_BOARDS,
  )
  const boards = useQueries({ queries: searched.map(({ id }) => boardTasksOptions(id)) })
  const then = (act: () => void) => () => {
    onClose()
    act()
  }
  const go = (to: string) => then(() => void navigate(to))

  return (
    <CommandDialog
      open
      onOpenChange={(open) => !open && onClose()}
      label="Command palette"
      placeholder="Search projects, cards and commands…"
    >
      <CommandGroup heading="Commands">
        <CommandItem shortcut="c" onSelect={then(onCreate)}>
          <Plus aria-hidden /> {current ? 'New card' : 'New project'}
        </CommandItem>
        <CommandItem onSelect={go('/')}>
          <LayoutGrid aria-hidden /> All projects
        </CommandItem>
        {here && (
          <>
            <CommandItem onSelect={go(`/p/${here.slug}/files`)}>
              <FolderGit2 aria-hidden /> Files of {here.name}
            </CommandItem>
            <CommandItem onSelect={go(`/p/${here.slug}/settings`)}>
              <FolderGit2 aria-hidden /> Settings of {here.name}
            </CommandItem>
          </>
        )}
        <CommandItem shortcut="?" onSelect={then(onShortcuts)}>
          <Keyboard aria-hidden /> Keyboard shortcuts
        </CommandItem>
        <CommandItem onSelect={go('/settings')}>
          <Settings aria-hidden /> Your settings
        </CommandItem>
        {THEMES.map(({ value, label, icon: Icon }) => (
          <CommandItem key={value} value={`theme ${value}`} onSelect={then(() => change({ theme: value }))}>
            <Icon aria-hidden /> Theme: {label}
          </CommandItem>
        ))}
      </CommandGroup>
      <CommandGroup heading="Projects">
        {projects.map(({ id, name, slug }) => (
          <CommandItem key={id} value={`${name} ${slug} ${id}`} onSelect={go(`/p/${slug}`)}>
            <FolderGit2 aria-hidden /> <span className="truncate">{name}</span>
          </CommandItem>
        ))}
      </CommandGroup>
      <CommandGroup heading="Cards">
        {searched.flatMap((project, index) =>
          (boards[index]?.data ?? []).map((task) => (
            <CommandItem
              key={task.id}
              value={`${task.title} ${project.name} ${task.id}`}
              onSelect={go(`/p/${project.slug}/t/${task.id}`)}
            >
              {task.status === 'done' ? <SquareCheck aria-hidden /> : <Square aria-hidden />}
              <span className="truncate">{task.title}</span>
              <span className="ml-auto truncate text-xs text-faint">{project.name}</span>
            </CommandItem>
          )),
        )}
      </CommandGroup>
    </CommandDialog>
  )
}
