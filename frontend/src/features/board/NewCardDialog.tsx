import { type FormEvent, useState } from 'react'
import { describe, fieldError } from '@/api/errors'
import { savedOf } from '@/api/useCardEditor'
import { Button } from '@/ui/button'
import { Dialog, DialogBody, DialogContent, DialogFooter } from '@/ui/dialog'
import { Kbd } from '@/ui/kbd'
import { useDiscard } from '@/ui/unsaved'
import { type Created, useCreateCard } from './api'
import { CardFields } from './CardFields'
import { TemplatePicker } from './TemplatePicker'

/** In the address, so that "new card" can be asked for from anywhere. */
export const NEW_CARD = 'new'

export interface NewCardDialogProps {
  projectId: string
  onClose: () => void
  onCreated: (created: Created, run: boolean) => void
}

/** Mounted only while open. */
export function NewCardDialog({ projectId, onClose, onCreated }: NewCardDialogProps) {
  const create = useCreateCard(projectId)
  const [texts, setTexts] = useState({ title: '', description: '', files: '' })
  /** What nobody wrote, so that another template may replace it unasked. */
  const [filled, setFilled] = useState({ title: '', description: '' })
  const [tried, setTried] = useState(false)
  const { error, isPending } = create
  const said = texts.title.trim() !== filled.title.trim() || texts.description !== filled.description
  const written = said || texts.files.trim() !== ''
  const close = useDiscard({ dirty: written, busy: isPending, onClose, parameter: NEW_CARD })

  const submit = (run: boolean) => {
    setTried(true)
    if (!texts.title.trim() || isPending) return
    create.mutate({ card: savedOf(texts), run }, { onSuccess: (created) => onCreated(created, run) })
  }
  const onSubmit = (event: FormEvent) => {
    event.preventDefault()
    submit(false)
  }

  return (
    <Dialog open onOpenChange={(open) => !open && close()}>
      <DialogContent title="New card">
        <form
          className="flex min-h-0 flex-col"
          onSubmit={onSubmit}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || !(event.metaKey || event.ctrlKey)) return
            event.preventDefault()
            submit(true)
          }}
        >
          <DialogBody>
            <TemplatePicker
              projectId={projectId}
              written={said}
              onPick={({ title, description }) => {
                setFilled({ title, description })
                setTexts({ ...texts, title, description })
              }}
            />
            <CardFields
              texts={texts}
              readOnly={isPending}
              errors={{
                title: tried && !texts.title.trim() ? 'A card needs a title.' : fieldError(error, 'title'),
                description: fieldError(error, 'description'),
                files: fieldError(error, 'file_references'),
              }}
              onChange={setTexts}
            />
            {error && (
              <p role="alert" className="text-sm text-bad">
                {describe(error).message}
              </p>
            )}
          </DialogBody>
          <DialogFooter>
            <span className="mr-auto text-xs text-faint max-sm:hidden">
              <Kbd shortcut="mod+enter" /> creates and runs
            </span>
            <Button type="submit" disabled={isPending}>
              Create
            </Button>
            <Button variant="primary" busy={isPending} onClick={() => submit(true)}>
              Create & run
            </Button>
          </DialogFooter>
        </form>
      </DialogContent>
    </Dialog>
  )
}
