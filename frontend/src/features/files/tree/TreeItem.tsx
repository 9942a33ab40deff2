import { ChevronRight, File, Folder, FolderOpen, Link2, MoreHorizontal } from 'lucide-react'
import { download } from '@/api/download'
import type { Entry } from '@/api/types'
import { cn } from '@/lib/cn'
import { Button } from '@/ui/button'
import { useConfirm } from '@/ui/confirm'
import { DropdownMenu, DropdownMenuContent, DropdownMenuItem, DropdownMenuTrigger } from '@/ui/dropdown-menu'
import { useDelete } from '../api'
import { archiveUrl, contentUrl } from '../model/address'
import { isDirectory, type TreeRow } from '../model/tree'
import type { Naming } from './NameDialog'

export interface TreeItemProps {
  projectId: string
  row: TreeRow
  top: number
  tabbable: boolean
  selected: boolean
  dirty: boolean
  /** What is being dragged would go into this folder. */
  target: boolean
  drag: object
  onActivate: () => void
  onFocus: () => void
  onName: (naming: Naming) => void
  onGone: (path: string) => void
}

export function TreeItem(props: TreeItemProps) {
  const { row, top, tabbable, selected, dirty, target, drag, onActivate, onFocus } = props
  const { entry, depth, expanded } = row
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree around it handles the keys of all its items
    <div
      role="treeitem"
      aria-level={depth + 1}
      aria-expanded={isDirectory(entry) ? expanded : undefined}
      aria-selected={selected}
      tabIndex={tabbable ? 0 : -1}
      data-path={entry.path}
      onClick={onActivate}
      onFocus={onFocus}
      {...drag}
      style={{ transform: `translateY(${top}px)`, paddingLeft: 8 + depth * 14 }}
      className={cn(
        'group absolute inset-x-0 top-0 flex h-7 cursor-pointer items-center gap-1.5 pr-1 text-sm -outline-offset-2 hover:bg-hover',
        selected && 'bg-accent/10 font-medium',
        target && 'bg-accent/15 outline-2 outline-accent',
      )}
    >
      <ItemIcon entry={entry} expanded={expanded} />
      <span className="min-w-0 flex-1 truncate">{entry.name}</span>
      {dirty && (
        <span
          className="size-2 shrink-0 rounded-full bg-warn"
          role="img"
          aria-label="unsaved"
          title="Unsaved"
        />
      )}
      <ItemMenu {...props} />
    </div>
  )
}

function ItemIcon({ entry, expanded }: { entry: Entry; expanded: boolean }) {
  if (!isDirectory(entry)) {
    const Icon = entry.type === 'link' ? Link2 : File
    return <Icon aria-hidden className="ml-[18px] size-4 shrink-0 text-faint" />
  }
  const Icon = expanded ? FolderOpen : Folder
  return (
    <>
      <ChevronRight
        aria-hidden
        className={cn('size-3.5 shrink-0 text-faint transition-transform', expanded && 'rotate-90')}
      />
      <Icon aria-hidden className="-ml-0.5 size-4 shrink-0 text-info" />
    </>
  )
}

function ItemMenu({ projectId, row: { entry }, onName, onGone }: TreeItemProps) {
  const confirm = useConfirm()
  const { mutate } = useDelete(projectId)
  const directory = isDirectory(entry)
  const remove = async () => {
    const sure = await confirm({
      title: `Delete ${entry.name}?`,
      body: directory
        ? 'The folder is deleted with all that is in it.'
        : 'The file is deleted from the workspace.',
      action: directory ? 'Delete folder' : 'Delete file',
      danger: true,
    })
    if (sure) mutate(entry, { onSuccess: () => onGone(entry.path) })
  }
  const save = () =>
    void (directory
      ? download(archiveUrl(projectId, entry.path), `${entry.name}.zip`)
      : download(contentUrl(projectId, entry.path), entry.name))
  return (
    <DropdownMenu>
      <DropdownMenuTrigger asChild>
        <Button
          variant="ghost"
          size="iconSm"
          aria-label={`Actions for ${entry.name}`}
          onClick={(event) => event.stopPropagation()}
          className="size-6 opacity-0 group-hover:opacity-100 group-focus-within:opacity-100 focus-visible:opacity-100 data-[state=open]:opacity-100 pointer-coarse:opacity-100"
        >
          <MoreHorizontal aria-hidden />
        </Button>
      </DropdownMenuTrigger>
      <DropdownMenuContent align="end" onClick={(event) => event.stopPropagation()}>
        {directory && (
          <>
            <DropdownMenuItem
              onSelect={() => onName({ kind: 'create', directory: false, parent: entry.path })}
            >
              New file…
            </DropdownMenuItem>
            <DropdownMenuItem
              onSelect={() => onName({ kind: 'create', directory: true, parent: entry.path })}
            >
              New folder…
            </DropdownMenuItem>
          </>
        )}
        <DropdownMenuItem onSelect={() => onName({ kind: 'rename', entry })}>Rename…</DropdownMenuItem>
        <DropdownMenuItem onSelect={() => onName({ kind: 'move', entry })}>Move to…</DropdownMenuItem>
        <DropdownMenuItem onSelect={save}>{directory ? 'Download as archive' : 'Download'}</DropdownMenuItem>
        <DropdownMenuItem danger onSelect={() => void remove()}>
          Delete…
        </DropdownMenuItem>
      </DropdownMenuContent>
    </DropdownMenu>
  )
}
