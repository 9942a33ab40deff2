import { useVirtualizer } from '@tanstack/react-virtual'
import { Download, FilePlus, FolderPlus, FolderTree, RotateCw, Search } from 'lucide-react'
import { type KeyboardEvent, useMemo, useRef, useState } from 'react'
import { download } from '@/api/download'
import type { Entry } from '@/api/types'
import { cn } from '@/lib/cn'
import { Button } from '@/ui/button'
import { IconButton } from '@/ui/icon-button'
import { EmptyState } from '@/ui/states'
import { useRefreshTree, useShowMore } from '../api'
import { archiveUrl } from '../model/address'
import { isDirectory, type Listings, parentOf, rowsOf, step, typeAhead } from '../model/tree'
import { MoreItem } from './MoreItem'
import { NameDialog, type Naming } from './NameDialog'
import { TreeItem } from './TreeItem'
import { UploadButton } from './UploadButton'
import { useDragging } from './useDragging'

const ROW = 28
const TYPING_PAUSE = 700

export interface TreeProps {
  projectId: string
  listings: Listings
  /** Directories of which more can be read. */
  longer: ReadonlySet<string>
  truncated: boolean
  expanded: ReadonlySet<string>
  openPath: string | null
  dirty: ReadonlySet<string>
  onExpand: (path: string, wanted: boolean) => void
  onOpen: (path: string) => void
  /** A file or directory was deleted. */
  onGone: (path: string) => void
  onMoved: (from: string, to: string) => void
  onSearch: () => void
  className?: string
}

export function Tree(props: TreeProps) {
  const { projectId, listings, longer, expanded, openPath, onExpand, onOpen, className } = props
  const rows = useMemo(() => rowsOf(listings, expanded, longer), [listings, expanded, longer])
  const [focused, setFocused] = useState<string | null>(openPath)
  const [naming, setNaming] = useState<Naming | null>(null)
  const { showMore, busy } = useShowMore(projectId)
  const refresh = useRefreshTree(projectId)
  const dragging = useDragging(projectId, props.onMoved)
  const scroller = useRef<HTMLDivElement>(null)
  const typed = useRef({ text: '', at: 0 })
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    getItemKey: (index) => rows[index]?.entry.path ?? index,
    overscan: 12,
  })
  // One row can always be reached by Tab, also when the focused one has gone.
  const active = rows.some(({ entry }) => entry.path === focused) ? focused : (rows[0]?.entry.path ?? null)

  const focus = (path: string) => {
    setFocused(path)
    const index = rows.findIndex(({ entry }) => entry.path === path)
    if (index >= 0) virtual.scrollToIndex(index)
    requestAnimationFrame(() => {
      scroller.current?.querySelector<HTMLElement>(`[data-path="${CSS.escape(path)}"]`)?.focus()
    })
  }
  const activate = (entry: Entry) => {
    setFocused(entry.path)
    if (isDirectory(entry)) onExpand(entry.path, !expanded.has(entry.path))
    else onOpen(entry.path)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if ((event.target as HTMLElement).getAttribute('role') !== 'treeitem') return
    const next = step(rows, active, event.key)
    if (next) {
      event.preventDefault()
      if (next.kind === 'focus') focus(next.path)
      else if (next.kind === 'open') onOpen(next.path)
      else if (next.kind === 'more') showMore(next.path)
      else onExpand(next.path, next.kind === 'expand')
    } else if (event.key.length === 1 && event.key !== ' ') {
      const fresh = Date.now() - typed.current.at > TYPING_PAUSE
      typed.current = { text: (fresh ? '' : typed.current.text) + event.key, at: Date.now() }
      const found = typeAhead(rows, active, typed.current.text)
      if (found) focus(found)
      event.stopPropagation()
    }
  }
  const current = rows.find(({ entry }) => entry.path === active)?.entry
  const here = current && focused ? (isDirectory(current) ? current.path : parentOf(current.path)) : ''
  const create = (directory: boolean) => setNaming({ kind: 'create', directory, parent: here })

  return (
    <nav aria-label="Files" className={cn('flex min-h-0 flex-col bg-surface', className)}>
      <div className="flex h-10 shrink-0 items-center gap-0.5 border-b px-2">
        <span className="flex-1 px-1 text-sm font-medium">Workspace</span>
        <IconButton label="Search in files" shortcut="mod+shift+f" size="iconSm" onClick={props.onSearch}>
          <Search />
        </IconButton>
        <IconButton label="New file" size="iconSm" onClick={() => create(false)}>
          <FilePlus />
        </IconButton>
        <IconButton label="New folder" size="iconSm" onClick={() => create(true)}>
          <FolderPlus />
        </IconButton>
        <UploadButton projectId={projectId} directory={here} />
        <IconButton
          label="Download the workspace"
          size="iconSm"
          disabled={rows.length === 0}
          onClick={() => void download(archiveUrl(projectId, ''), 'workspace.zip')}
        >
          <Download />
        </IconButton>
        <IconButton label="Refresh" size="iconSm" onClick={() => void refresh()}>
          <RotateCw />
        </IconButton>
      </div>
      {rows.length === 0 ? (
        <EmptyState
          icon={<FolderTree aria-hidden />}
          title="The workspace is empty"
          action={<Button onClick={() => create(false)}>New file</Button>}
        >
          Files appear here when the agent writes them, or when you make one.
        </EmptyState>
      ) : (
        <div
          ref={scroller}
          role="tree"
          tabIndex={-1}
          aria-label="Workspace"
          onKeyDown={onKeyDown}
          {...dragging.onFolder('')}
          className={cn(
            'min-h-0 flex-1 overflow-auto scroll-thin py-1 -outline-offset-2',
            dragging.target === '' && 'outline-2 outline-accent',
          )}
        >
          <div role="presentation" className="relative" style={{ height: virtual.getTotalSize() }}>
            {virtual.getVirtualItems().map((place) => {
              const row = rows[place.index]
              if (row?.more !== undefined)
                return (
                  <MoreItem
                    key={place.key}
                    row={row}
                    top={place.start}
                    tabbable={row.entry.path === active}
                    busy={busy}
                    onActivate={() => showMore(row.more ?? '')}
                    onFocus={() => setFocused(row.entry.path)}
                  />
                )
              return (
                row && (
                  <TreeItem
                    key={place.key}
                    row={row}
                    top={place.start}
                    tabbable={row.entry.path === active}
                    selected={row.entry.path === openPath}
                    dirty={props.dirty.has(row.entry.path)}
                    target={row.entry.path === dragging.target}
                    drag={dragging.onItem(row.entry)}
                    projectId={projectId}
                    onActivate={() => activate(row.entry)}
                    onFocus={() => setFocused(row.entry.path)}
                    onName={setNaming}
                    onGone={props.onGone}
                  />
                )
              )
            })}
          </div>
        </div>
      )}
      {props.truncated && (
        <p className="border-t px-3 py-1.5 text-xs text-muted">
          The list is cut short: there are too many entries. A search finds those that are missing.
        </p>
      )}
      {naming && (
        <NameDialog
          projectId={projectId}
          naming={naming}
          siblings={siblingsOf(listings, naming)}
          onClose={() => setNaming(null)}
          onDone={(path, directory) => {
            if (parentOf(path)) onExpand(parentOf(path), true)
            if (naming.kind !== 'create') props.onMoved(naming.entry.path, path)
            else if (!directory) onOpen(path)
          }}
        />
      )}
    </nav>
  )
}

function siblingsOf(listings: Listings, naming: Naming): Entry[] {
  if (naming.kind === 'move') return []
  return listings.get(naming.kind === 'create' ? naming.parent : parentOf(naming.entry.path)) ?? []
}
