import { Ellipsis } from 'lucide-react'
import { Spinner } from '@/ui/spinner'
import type { TreeRow } from '../model/tree'

export interface MoreItemProps {
  row: TreeRow
  top: number
  tabbable: boolean
  busy: boolean
  onActivate: () => void
  onFocus: () => void
}

/** The last row of a directory that was too large for one answer. */
export function MoreItem({ row, top, tabbable, busy, onActivate, onFocus }: MoreItemProps) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree around it handles the keys of all its items
    <div
      role="treeitem"
      aria-level={row.depth + 1}
      aria-selected={false}
      aria-busy={busy}
      tabIndex={tabbable ? 0 : -1}
      data-path={row.entry.path}
      onClick={onActivate}
      onFocus={onFocus}
      style={{ transform: `translateY(${top}px)`, paddingLeft: 8 + row.depth * 14 }}
      className="absolute inset-x-0 top-0 flex h-7 cursor-pointer items-center gap-1.5 pr-1 text-sm text-muted -outline-offset-2 hover:bg-hover"
    >
      {busy ? (
        <Spinner className="ml-[18px] size-4" />
      ) : (
        <Ellipsis aria-hidden className="ml-[18px] size-4 shrink-0 text-faint" />
      )}
      {row.entry.name}
    </div>
  )
}
