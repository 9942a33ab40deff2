import { type FormEvent, useState } from 'react'
import { describe, fieldError } from '@/api/errors'
import type { Task } from '@/api/types'
import { useCardEditor } from '@/api/useCardEditor'
import { Button } from '@/ui/button'
import { Clash } from '@/ui/clash'
import { Dialog, DialogBody, DialogContent, DialogFooter } from '@/ui/dialog'
import { Kbd } from '@/ui/kbd'
import { toast } from '@/ui/toast'
import { useDiscard } from '@/ui/unsaved'
import { CardFields } from './CardFields'

export interface EditCardDialogProps {
  projectId: string
  task: Task
  onClose: () => void
}

/** Mounted only while open; goes on with a draft that was left in the card's panel. */
export function EditCardDialog({ projectId, task, onClose }: EditCardDialogProps) {
  const editor = useCardEditor({ projectId, taskId: task.id }, task, (saved) => {
    if (saved) toast.success('Card saved')
    onClose()
  })
  const { texts, dirty, busy, conflict, failure } = editor
  const [tried, setTried] = useState(false)
  const missing = tried && !texts.title.trim()
  const close = useDiscard({ dirty, busy, onClose: editor.cancel })
  const save = () => {
    setTried(true)
    if (texts.title.trim() && !conflict && !busy) void editor.save()
  }
  const onSubmit = (event: FormEvent) => {
    event.preventDefault()
    save()
  }
  return (
    <Dialog open onOpenChange={(open) => !open && close()}>
      <DialogContent title="Edit card">
        <form
          className="flex min-h-0 flex-col"
          onSubmit={onSubmit}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || !(event.metaKey || event.ctrlKey)) return
            event.preventDefault()
            save()
          }}
        >
          <DialogBody>
            {conflict && (
              <Clash
                theirs={conflict.theirs}
                busy={busy}
                onKeep={() => void editor.keepMine()}
                onTake={editor.takeTheirs}
              />
            )}
            <CardFields
              texts={texts}
              readOnly={busy}
              errors={{
                title: missing ? 'A card needs a title.' : fieldError(failure, 'title'),
                description: fieldError(failure, 'description'),
                files: fieldError(failure, 'file_references'),
              }}
              onChange={editor.change}
            />
            {failure !== null && (
              <p role="alert" className="text-sm text-bad">
                {describe(failure).message}
              </p>
            )}
          </DialogBody>
          <DialogFooter>
            <span className="mr-auto text-xs text-faint max-sm:hidden">
              <Kbd shortcut="mod+enter" /> saves
            </span>
            <Button type="submit" variant="primary" busy={busy} disabled={conflict !== null}>
              Save
            </Button>
          </DialogFooter>
        </form>
      </DialogContent>
    </Dialog>
  )
}
