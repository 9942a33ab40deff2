import { FileText } from 'lucide-react'
import { useCallback, useEffect, useRef, useState } from 'react'
import { Navigate } from 'react-router'
import { describe } from '@/api/errors'
import type { ProjectSummary } from '@/api/types'
import { cn } from '@/lib/cn'
import { useShortcut } from '@/lib/shortcuts'
import { useNarrow } from '@/lib/useMediaQuery'
import { EmptyState, ErrorState, Loading } from '@/ui/states'
import { isStarting, useListings } from './api'
import { ConflictDialog } from './ConflictDialog'
import { type Editors, MONACO } from './editor'
import { FileView } from './FileView'
import { ancestors } from './model/tree'
import { type SearchKind, SearchPanel } from './search/SearchPanel'
import { TabStrip } from './TabStrip'
import { Tree } from './tree/Tree'
import { useBuffers } from './useBuffers'
import { useLeaveGuard } from './useLeaveGuard'
import { useOpenFiles } from './useOpenFiles'
import { usePlace } from './usePlace'
import { useSave } from './useSave'

export interface FilesPageProps {
  project: ProjectSummary
  /** Another editor than Monaco. */
  editors?: Editors
}

/** The project's workspace: its tree, and the open files in an editor. */
export default function FilesPage({ project, editors = MONACO }: FilesPageProps) {
  const place = usePlace(project.id)
  if (place.movedTo) return <Navigate replace to={place.movedTo} />
  return <Workspace project={project} editors={editors} place={place} />
}

interface WorkspaceProps extends Required<FilesPageProps> {
  place: ReturnType<typeof usePlace>
}

function Workspace({ project, editors, place }: WorkspaceProps) {
  const { path, home } = place
  const [search, setSearch] = useState<SearchKind | null>(null)
  const box = useRef<HTMLInputElement>(null)
  const narrow = useNarrow()
  const [expanded, expand] = useExpanded(path)
  const tree = useListings(project.id, expanded)
  const buffers = useBuffers(project.id)
  const files = useOpenFiles(project.id, place, buffers)
  const saving = useSave(project.id, buffers)
  useLeaveGuard(buffers.dirty.size, home)
  useShortcut('mod+shift+x', 'Close the file', 'Files', () => files.close(path), path !== '')

  const look = (kind: SearchKind) => {
    setSearch(kind)
    box.current?.focus()
    box.current?.select()
  }
  useShortcut('mod+shift+f', 'Search in files', 'Files', () => look('content'))
  useShortcut('mod+p', 'Go to a file by name', 'Files', () => look('name'))

  if (!tree.root.data) {
    if (!tree.root.error || isStarting(tree.root.error)) {
      return <Loading label={tree.root.error ? 'Starting the workspace…' : 'Opening the workspace…'} />
    }
    return (
      <ErrorState
        title="The workspace cannot be opened"
        {...describe(tree.root.error)}
        onRetry={() => void tree.root.refetch()}
      />
    )
  }
  const side = cn(
    'w-72 shrink-0 border-r max-md:w-full max-md:border-r-0',
    path && !search && 'max-md:hidden',
  )
  return (
    <div className="flex min-h-0 flex-1">
      {search && (
        <SearchPanel
          projectId={project.id}
          kind={search}
          box={box}
          onKind={look}
          onOpen={(file, line) => {
            place.open(file, line)
            // Only beside each other is there room for the search and for the file.
            if (narrow) setSearch(null)
          }}
          onClose={() => setSearch(null)}
          className={side}
        />
      )}
      <Tree
        projectId={project.id}
        listings={tree.listings}
        longer={tree.longer}
        truncated={tree.truncated}
        expanded={expanded}
        openPath={path || null}
        dirty={buffers.dirty}
        onExpand={expand}
        onOpen={place.open}
        onGone={files.gone}
        onMoved={files.move}
        onSearch={() => look('content')}
        className={cn(side, search && 'hidden')}
      />
      <div className={cn('flex min-h-0 min-w-0 flex-1 flex-col', (!path || search) && 'max-md:hidden')}>
        {files.paths.length > 0 && (
          <TabStrip
            paths={files.paths}
            active={path}
            dirty={buffers.dirty}
            onOpen={place.open}
            onClose={(file) => void files.close(file)}
          />
        )}
        {path ? (
          <FileView
            projectId={project.id}
            path={path}
            line={place.line}
            run={place.run}
            home={home}
            paths={files.paths}
            buffers={buffers}
            busy={saving.busy}
            onSave={() => void saving.save(path)}
            onCompare={() => saving.look(path)}
            onClose={() => void files.close(path)}
            editors={editors}
          />
        ) : (
          <EmptyState icon={<FileText aria-hidden />} title="No file open" className="pt-24">
            Choose a file from the tree. Ctrl+S saves it; if the agent changed it meanwhile, you see both
            versions.
          </EmptyState>
        )}
      </div>
      {saving.conflict && (
        <ConflictDialog
          conflict={saving.conflict}
          busy={saving.busy}
          onKeep={() => void saving.keepMine()}
          onTake={() => {
            if (saving.conflict?.theirs === null) files.gone(saving.conflict.path)
            saving.takeTheirs()
          }}
          onLater={saving.later}
          Compare={editors.Compare}
        />
      )}
    </div>
  )
}

function withAll(before: ReadonlySet<string>, paths: string[]): ReadonlySet<string> {
  return paths.every((path) => before.has(path)) ? before : new Set([...before, ...paths])
}

/** The folders that stand open; those above the file in front are opened by themselves. */
function useExpanded(path: string) {
  const [expanded, setExpanded] = useState<ReadonlySet<string>>(() => new Set(ancestors(path)))
  useEffect(() => {
    if (path) setExpanded((before) => withAll(before, ancestors(path)))
  }, [path])
  const expand = useCallback((directory: string, wanted: boolean) => {
    setExpanded((before) => {
      const next = new Set(before)
      if (wanted) next.add(directory)
      else next.delete(directory)
      return next
    })
  }, [])
  return [expanded, expand] as const
}
