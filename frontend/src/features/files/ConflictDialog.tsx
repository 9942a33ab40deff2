import { Suspense } from 'react'
import { Button } from '@/ui/button'
import { Dialog, DialogBody, DialogContent, DialogFooter } from '@/ui/dialog'
import { Loading } from '@/ui/states'
import type { Editors } from './editor'
import type { SaveConflict } from './useSave'

export interface ConflictDialogProps {
  conflict: SaveConflict
  busy: boolean
  onKeep: () => void
  onTake: () => void
  onLater: () => void
  Compare: Editors['Compare']
}

/** Someone, probably the agent, wrote the file since it was read: shows both texts and lets choose. */
export function ConflictDialog({ conflict, busy, onKeep, onTake, onLater, Compare }: ConflictDialogProps) {
  const { path, mine, theirs } = conflict
  return (
    <Dialog open onOpenChange={(open) => !open && onLater()}>
      <DialogContent
        className="max-w-5xl"
        title={theirs ? 'The file was changed meanwhile' : 'The file was deleted meanwhile'}
        description={
          theirs
            ? `Left is ${path} as it is on disk now, right is yours. Nothing is lost until you choose.`
            : `${path} is not on disk any more. You can write yours again, or let it go.`
        }
      >
        {theirs && (
          <DialogBody className="px-0 py-2">
            <Suspense fallback={<Loading label="Loading the comparison…" />}>
              <Compare path={path} theirs={theirs.text} mine={mine} />
            </Suspense>
          </DialogBody>
        )}
        <DialogFooter>
          <Button variant="ghost" onClick={onLater}>
            Cancel
          </Button>
          <Button disabled={busy} onClick={onTake}>
            {theirs ? 'Take theirs' : 'Discard mine'}
          </Button>
          <Button variant="primary" busy={busy} onClick={onKeep}>
            {theirs ? 'Keep mine (overwrite)' : 'Write mine again'}
          </Button>
        </DialogFooter>
      </DialogContent>
    </Dialog>
  )
}
