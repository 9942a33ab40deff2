import { type FormEvent, useState } from 'react'
import { describe, fieldError } from '@/api/errors'
import type { Task } from '@/api/types'
import { Button } from '@/ui/button'
import { Dialog, DialogBody, DialogContent, DialogFooter } from '@/ui/dialog'
import { Field } from '@/ui/field'
import { Input, Textarea } from '@/ui/input'
import { Kbd } from '@/ui/kbd'
import { toast } from '@/ui/toast'
import { type Created, useCreateCard, useEditCard } from './api'
import { TemplatePicker } from './TemplatePicker'

export interface CardDialogProps {
  projectId: string
  /** The card to edit; none makes a new one. */
  task: Task | null
  onClose: () => void
  onCreated: (created: Created, run: boolean) => void
}

/** Mounted only while open, so that it always begins with the card as it is now. */
export function CardDialog({ projectId, task, onClose, onCreated }: CardDialogProps) {
  const create = useCreateCard(projectId)
  const edit = useEditCard(projectId)
  const [title, setTitle] = useState(task?.title ?? '')
  const [description, setDescription] = useState(task?.description ?? '')
  /** What nobody wrote, so that another template may replace it unasked. */
  const [filled, setFilled] = useState({ title: '', description: '' })
  const [missing, setMissing] = useState(false)
  const error = create.error ?? edit.error

  const submit = (run: boolean) => {
    if (!title.trim()) {
      setMissing(true)
      return
    }
    const card = { title: title.trim(), description }
    if (task) {
      edit.mutate(
        { task, patch: card },
        {
          onSuccess: () => {
            toast.success('Card saved')
            onClose()
          },
        },
      )
    } else {
      create.mutate({ card, run }, { onSuccess: (created) => onCreated(created, run) })
    }
  }

  const onSubmit = (event: FormEvent) => {
    event.preventDefault()
    submit(false)
  }

  return (
    <Dialog open onOpenChange={(open) => !open && onClose()}>
      <DialogContent title={task ? 'Edit card' : 'New card'}>
        <form
          className="flex min-h-0 flex-col"
          onSubmit={onSubmit}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || !(event.metaKey || event.ctrlKey)) return
            event.preventDefault()
            submit(!task)
          }}
        >
          <DialogBody>
            {!task && (
              <TemplatePicker
                projectId={projectId}
                written={title.trim() !== filled.title.trim() || description !== filled.description}
                onPick={(template) => {
                  setFilled(template)
                  setTitle(template.title)
                  setDescription(template.description)
                }}
              />
            )}
            <Field
              label="Title"
              error={missing && !title.trim() ? 'A card needs a title.' : fieldError(error, 'title')}
            >
              {(control) => (
                <Input
                  {...control}
                  autoFocus
                  maxLength={200}
                  value={title}
                  placeholder="Add a contact form"
                  onChange={(event) => setTitle(event.target.value)}
                />
              )}
            </Field>
            <Field
              label="What the agent should do"
              hint="This is the agent’s prompt. Markdown is welcome; say what “done” means."
              error={fieldError(error, 'description')}
            >
              {(control) => (
                <Textarea
                  {...control}
                  rows={9}
                  value={description}
                  onChange={(event) => setDescription(event.target.value)}
                />
              )}
            </Field>
            {error && (
              <p role="alert" className="text-sm text-bad">
                {describe(error).message}
              </p>
            )}
          </DialogBody>
          <DialogFooter>
            <span className="mr-auto text-xs text-faint max-sm:hidden">
              <Kbd shortcut="mod+enter" /> {task ? 'saves' : 'creates and runs'}
            </span>
            {task ? (
              <Button type="submit" variant="primary" busy={edit.isPending}>
                Save
              </Button>
            ) : (
              <>
                <Button type="submit" disabled={create.isPending}>
                  Create
                </Button>
                <Button variant="primary" busy={create.isPending} onClick={() => submit(true)}>
                  Create & run
                </Button>
              </>
            )}
          </DialogFooter>
        </form>
      </DialogContent>
    </Dialog>
  )
}
