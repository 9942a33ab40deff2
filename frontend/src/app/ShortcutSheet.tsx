import { Dialog, DialogBody, DialogContent } from '@/ui/dialog'
import { ShortcutList } from '@/ui/shortcut-list'

export default function ShortcutSheet({ onClose }: { onClose: () => void }) {
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()}>
      <DialogContent title="Keyboard shortcuts">
        <DialogBody>
          <ShortcutList />
          <p className="text-xs text-muted">
            On a card, Enter opens it. On its handle, Space picks it up, the arrow keys move it, Space drops
            it.
          </p>
        </DialogBody>
      </DialogContent>
    </Dialog>
  )
}
