import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { describe, fieldError } from '@/api/errors'
import { templatesOptions } from '@/api/queries'
import { createTemplate, updateTemplate } from '@/api/sdk'
import type { Template } from '@/api/types'
import { Button } from '@/ui/button'
import { Dialog, DialogBody, DialogContent, DialogFooter } from '@/ui/dialog'
import { Field } from '@/ui/field'
import { Input, Textarea } from '@/ui/input'
import { useDiscard } from '@/ui/unsaved'

export interface TemplateDialogProps {
  projectId: string
  /** None makes a new one. */
  template: Template | null
  onClose: () => void
}

/** Mounted only while open. */
export function TemplateDialog({ projectId, template, onClose }: TemplateDialogProps) {
  const client = useQueryClient()
  const [name, setName] = useState(template?.name ?? '')
  const [title, setTitle] = useState(template?.title ?? '')
  const [description, setDescription] = useState(template?.description ?? '')
  const [missing, setMissing] = useState(false)
  const save = useMutation({
    mutationFn: () => {
      const body = { name: name.trim(), title: title.trim(), description }
      return template
        ? updateTemplate({ path: { project: projectId, template: template.id }, body })
        : createTemplate({ path: { project: projectId }, body })
    },
    onSuccess: () => onClose(),
    onSettled: () => client.invalidateQueries({ queryKey: templatesOptions(projectId).queryKey }),
  })
  const was = template ?? { name: '', title: '', description: '' }
  const dirty = name !== was.name || title !== was.title || description !== was.description
  const close = useDiscard({ dirty, busy: save.isPending, onClose })
  const onSubmit = (event: FormEvent) => {
    event.preventDefault()
    if (name.trim()) save.mutate()
    else setMissing(true)
  }
  return (
    <Dialog open onOpenChange={(open) => !open && close()}>
      <DialogContent title={template ? 'Edit template' : 'New template'}>
        <form className="flex min-h-0 flex-col" onSubmit={onSubmit}>
          <DialogBody>
            <Field
              label="Name"
              error={missing && !name.trim() ? 'A template needs a name.' : fieldError(save.error, 'name')}
            >
              {(control) => (
                <Input
                  {...control}
                  autoFocus
                  maxLength={120}
                  value={name}
                  placeholder="Bug report"
                  onChange={(event) => setName(event.target.value)}
                />
              )}
            </Field>
            <Field label="Title of the card" error={fieldError(save.error, 'title')}>
              {(control) => (
                <Input
                  {...control}
                  maxLength={200}
                  value={title}
                  placeholder="Fix: "
                  onChange={(event) => setTitle(event.target.value)}
                />
              )}
            </Field>
            <Field
              label="What the agent should do"
              hint="Markdown, as in a card."
              error={fieldError(save.error, 'description')}
            >
              {(control) => (
                <Textarea
                  {...control}
                  rows={8}
                  value={description}
                  onChange={(event) => setDescription(event.target.value)}
                />
              )}
            </Field>
            {save.error && !fieldError(save.error, 'name') && (
              <p role="alert" className="text-sm text-bad">
                {describe(save.error).message}
              </p>
            )}
          </DialogBody>
          <DialogFooter>
            <Button onClick={close}>Cancel</Button>
            <Button type="submit" variant="primary" busy={save.isPending}>
              Save template
            </Button>
          </DialogFooter>
        </form>
      </DialogContent>
    </Dialog>
  )
}
