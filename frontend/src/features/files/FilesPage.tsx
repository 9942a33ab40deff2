import { FileText } from 'lucide-react'
import { useCallback, useEffect, useState } from 'react'
import { useLocation, useNavigate, useParams } from 'react-router'
import { describe } from '@/api/errors'
import type { ProjectSummary } from '@/api/types'
import { cn } from '@/lib/cn'
import { EmptyState, ErrorState, Loading } from '@/ui/states'
import { isStarting, useListings } from './api'
import { ConflictDialog } from './ConflictDialog'
import { type Editors, MONACO } from './editor'
import { FileView } from './FileView'
import { filesUrl, lineOf } from './model/address'
import { ancestors } from './model/tree'
import { Tree } from './tree/Tree'
import { useBuffers } from './useBuffers'
import { useLeaveGuard } from './useLeaveGuard'
import { useSave } from './useSave'

export interface FilesPageProps {
  project: ProjectSummary
  /** Another editor than Monaco. */
  editors?: Editors
}

/** The project's workspace: its tree, and one file at a time in an editor. */
export default function FilesPage({ project, editors = MONACO }: FilesPageProps) {
  const { project: ref = project.id, '*': path = '' } = useParams()
  const { hash } = useLocation()
  const navigate = useNavigate()
  const [expanded, setExpanded] = useState<ReadonlySet<string>>(() => new Set(ancestors(path)))
  const tree = useListings(project.id, expanded)
  const buffers = useBuffers()
  const saving = useSave(project.id, buffers)
  const home = filesUrl(ref, '')
  useLeaveGuard(buffers.dirty.size, home)

  const open = useCallback((file: string) => void navigate(filesUrl(ref, file)), [navigate, ref])
  const expand = useCallback((directory: string, wanted: boolean) => {
    setExpanded((before) => {
      const next = new Set(before)
      if (wanted) next.add(directory)
      else next.delete(directory)
      return next
    })
  }, [])
  useEffect(() => {
    if (path) setExpanded((before) => new Set([...before, ...ancestors(path)]))
  }, [path])

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
  return (
    <div className="flex min-h-0 flex-1">
      <Tree
        projectId={project.id}
        listings={tree.listings}
        truncated={tree.truncated}
        expanded={expanded}
        openPath={path || null}
        dirty={buffers.dirty}
        onExpand={expand}
        onOpen={open}
        onGone={(gone) => {
          for (const file of buffers.dirty) if (isUnder(file, gone)) buffers.forget(file)
          if (isUnder(path, gone)) void navigate(home)
        }}
        className={cn('w-72 shrink-0 border-r max-md:w-full max-md:border-r-0', path && 'max-md:hidden')}
      />
      <div className={cn('flex min-h-0 min-w-0 flex-1 flex-col', !path && 'max-md:hidden')}>
        {path ? (
          <FileView
            key={path}
            projectId={project.id}
            path={path}
            line={lineOf(hash)}
            home={home}
            buffers={buffers}
            busy={saving.busy}
            onSave={() => void saving.save(path)}
            Editor={editors.Editor}
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
          onTake={saving.takeTheirs}
          onLater={saving.later}
          Compare={editors.Compare}
        />
      )}
    </div>
  )
}

function isUnder(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`)
}
