import { useState } from 'react'
import { type Shortcut, useShortcuts } from '@/lib/shortcuts'
import { Dialog, DialogBody, DialogContent } from '@/ui/dialog'
import { Kbd } from '@/ui/kbd'

/** Of two registrations of a key only the newer one answers. */
function answering(all: readonly Shortcut[]): Shortcut[] {
  return [...new Map(all.map((shortcut) => [shortcut.keys, shortcut])).values()]
}

/** What the registry holds at the moment the sheet is opened: exactly what works on this page. */
export default function ShortcutSheet({ onClose }: { onClose: () => void }) {
  const [shortcuts] = useState(answering(useShortcuts()))
  const groups = [...new Set(shortcuts.map(({ group }) => group))]
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()}>
      <DialogContent title="Keyboard shortcuts">
        <DialogBody>
          {groups.map((group) => (
            <section key={group}>
              <h3 className="mb-1 text-xs font-medium text-faint">{group}</h3>
              <dl className="divide-y">
                {shortcuts
                  .filter((shortcut) => shortcut.group === group)
                  .map(({ keys, label }) => (
                    <div key={keys} className="flex items-center justify-between gap-4 py-1.5 text-sm">
                      <dt>{label}</dt>
                      <dd>
                        <Kbd shortcut={keys} />
                      </dd>
                    </div>
                  ))}
              </dl>
            </section>
          ))}
          <p className="text-xs text-muted">
            On a card, Enter opens it. On its handle, Space picks it up, the arrow keys move it, Space drops
            it.
          </p>
        </DialogBody>
      </DialogContent>
    </Dialog>
  )
}
