import { type FormEvent, useState } from 'react'
import type { Terminal } from '@/api/types'
import { Button } from '@/ui/button'
import { Dialog, DialogBody, DialogContent, DialogFooter } from '@/ui/dialog'
import { Field } from '@/ui/field'
import { Input } from '@/ui/input'
import { useTitle } from './api'

interface Props {
  projectId: string
  terminal: Terminal
  onClose: () => void
}

export function RenameDialog({ projectId, terminal, onClose }: Props) {
  const rename = useTitle(projectId)
  const [title, setTitle] = useState(terminal.title)
  const [tried, setTried] = useState(false)
  const problem = title.trim() === '' ? 'Give it a name.' : null

  const onSubmit = (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (!problem) rename.mutate({ terminal: terminal.id, title: title.trim() }, { onSuccess: onClose })
  }

  return (
    <Dialog open onOpenChange={(open) => !open && onClose()}>
      <DialogContent
        className="max-w-md"
        title={`Rename ${terminal.title}`}
        description="For everyone who uses it"
      >
        <form onSubmit={onSubmit}>
          <DialogBody>
            <Field label="Name" error={tried ? problem : null}>
              {(control) => (
                <Input
                  {...control}
                  autoFocus
                  maxLength={80}
                  autoComplete="off"
                  value={title}
                  onChange={(event) => setTitle(event.target.value)}
                />
              )}
            </Field>
          </DialogBody>
          <DialogFooter>
            <Button variant="ghost" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" variant="primary" busy={rename.isPending}>
              Rename
            </Button>
          </DialogFooter>
        </form>
      </DialogContent>
    </Dialog>
  )
}
