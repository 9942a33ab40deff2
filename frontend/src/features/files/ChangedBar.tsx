import { FileWarning } from 'lucide-react'
import { Button } from '@/ui/button'
import type { Buffer } from './model/buffer'

export interface ChangedBarProps {
  disk: Exclude<Buffer['disk'], null>
  busy: boolean
  onReload: () => void
  onCompare: () => void
  onKeep: () => void
  onSave: () => void
  onClose: () => void
}

/** Someone, probably the agent, changed the file while its text here is not saved. */
export function ChangedBar({ disk, busy, ...on }: ChangedBarProps) {
  return (
    <div
      role="status"
      className="flex shrink-0 flex-wrap items-center gap-x-3 gap-y-1.5 border-b border-warn/40 bg-warn/10 px-3 py-1.5 text-sm"
    >
      <FileWarning aria-hidden className="size-4 shrink-0 text-warn" />
      <span className="min-w-40 flex-1">
        {disk === 'deleted'
          ? 'Deleted on disk. The text is still here; saving writes the file again.'
          : 'Changed on disk. Your text is not saved.'}
      </span>
      {disk === 'deleted' ? (
        <span className="flex gap-1.5">
          <Button size="sm" onClick={on.onClose}>
            Close
          </Button>
          <Button size="sm" busy={busy} onClick={on.onSave}>
            Write it again
          </Button>
        </span>
      ) : (
        <span className="flex gap-1.5">
          <Button size="sm" onClick={on.onReload}>
            Reload
          </Button>
          <Button size="sm" onClick={on.onCompare}>
            Compare
          </Button>
          <Button size="sm" onClick={on.onKeep}>
            Keep mine
          </Button>
        </span>
      )}
    </div>
  )
}
