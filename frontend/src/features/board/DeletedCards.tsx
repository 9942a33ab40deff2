import { useInfiniteQuery } from '@tanstack/react-query'
import { Undo2 } from 'lucide-react'
import { describe } from '@/api/errors'
import { deletedTasksOptions } from '@/api/queries'
import type { DeletedTask } from '@/api/types'
import { formatAgo, formatDateTime } from '@/lib/format'
import { useReadOnly } from '@/lib/readOnly'
import { useNow } from '@/lib/useNow'
import { Button } from '@/ui/button'
import { Dialog, DialogBody, DialogContent } from '@/ui/dialog'
import { ShowOlder } from '@/ui/show-older'
import { ErrorState, Loading } from '@/ui/states'
import { LABELS } from './model'
import { useBulk } from './useBulk'

/** What was deleted from this board, and can still be brought back. */
export function DeletedCards({ projectId, onClose }: { projectId: string; onClose: () => void }) {
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()}>
      <DialogContent title="Deleted cards" description="They can be restored for 30 days.">
        <DialogBody className="pb-5">
          <List projectId={projectId} />
        </DialogBody>
      </DialogContent>
    </Dialog>
  )
}

function List({ projectId }: { projectId: string }) {
  const query = useInfiniteQuery(deletedTasksOptions(projectId))
  const now = useNow(true, 60_000)
  if (query.isPending) return <Loading label="Looking for deleted cards…" />
  if (!query.data) {
    return (
      <ErrorState
        title="The deleted cards cannot be shown"
        {...describe(query.error)}
        onRetry={() => void query.refetch()}
      />
    )
  }
  const cards = query.data.pages.flatMap(({ items }) => items)
  if (cards.length === 0) return <p className="text-sm text-muted">There are none.</p>
  return (
    <>
      <ul className="divide-y rounded-md border">
        {cards.map((card) => (
          <Deleted key={card.id} projectId={projectId} card={card} now={now} />
        ))}
      </ul>
      <ShowOlder {...query} />
    </>
  )
}

function Deleted({ projectId, card, now }: { projectId: string; card: DeletedTask; now: number }) {
  const { change, busy } = useBulk(projectId)
  const readOnly = useReadOnly()
  return (
    <li className="flex items-center gap-3 px-3 py-2 text-sm">
      <div className="min-w-0 flex-1">
        <p className="truncate font-medium">{card.title}</p>
        <p className="text-xs text-muted">
          {LABELS[card.status]} ·{' '}
          <time dateTime={card.deleted_at} title={formatDateTime(card.deleted_at)}>
            deleted {formatAgo(card.deleted_at, now)}
          </time>
        </p>
      </div>
      {!readOnly && (
        <Button
          size="sm"
          busy={busy}
          aria-label={`Restore ${card.title}`}
          onClick={() => change({ action: 'restore', tasks: [card] })}
        >
          {!busy && <Undo2 aria-hidden />} Restore
        </Button>
      )}
    </li>
  )
}
