import { type FormEvent, useState } from 'react'
import { fieldError } from '@/api/errors'
import { Button } from '@/ui/button'
import { Dialog, DialogBody, DialogContent, DialogFooter } from '@/ui/dialog'
import { Field } from '@/ui/field'
import { Input, Textarea } from '@/ui/input'
import { slugOf } from './model'
import { useCreateProject } from './useCreateProject'

/** Mounted only while open. */
export function CreateProjectDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('')
  const [description, setDescription] = useState('')
  const [sample, setSample] = useState(false)
  const [missing, setMissing] = useState(false)
  const create = useCreateProject()

  const onSubmit = (event: FormEvent) => {
    event.preventDefault()
    if (name.trim()) create.mutate({ body: { name: name.trim(), description, sample } })
    else setMissing(true)
  }

  return (
    <Dialog open onOpenChange={(open) => !open && onClose()}>
      <DialogContent title="New project" description="A board, and a workspace in which its agent works.">
        <form className="flex min-h-0 flex-col" onSubmit={onSubmit}>
          <DialogBody>
            <Field
              label="Name"
              hint={slugOf(name) ? `Its address will be /p/${slugOf(name)}` : undefined}
              error={missing && !name.trim() ? 'A project needs a name.' : fieldError(create.error, 'name')}
            >
              {(control) => (
                <Input
                  {...control}
                  autoFocus
                  maxLength={120}
                  value={name}
                  placeholder="Website relaunch"
                  onChange={(event) => setName(event.target.value)}
                />
              )}
            </Field>
            <Field label="Description" error={fieldError(create.error, 'description')}>
              {(control) => (
                <Textarea
                  {...control}
                  rows={3}
                  value={description}
                  onChange={(event) => setDescription(event.target.value)}
                />
              )}
            </Field>
            <label className="flex items-start gap-2 text-sm">
              <input
                type="checkbox"
                className="mt-0.5 size-4 accent-accent"
                checked={sample}
                onChange={(event) => setSample(event.target.checked)}
              />
              <span>
                Start with sample files and cards
                <span className="block text-xs text-muted">
                  Their agent is a scripted demo model; no key needed.
                </span>
              </span>
            </label>
          </DialogBody>
          <DialogFooter>
            <Button onClick={onClose}>Cancel</Button>
            <Button type="submit" variant="primary" busy={create.isPending}>
              Create project
            </Button>
          </DialogFooter>
        </form>
      </DialogContent>
    </Dialog>
  )
}
