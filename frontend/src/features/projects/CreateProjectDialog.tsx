import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { ApiError, describe, fieldError } from '@/api/errors'
import { meOptions } from '@/api/options'
import { Button } from '@/ui/button'
import { Dialog, DialogBody, DialogContent, DialogFooter } from '@/ui/dialog'
import { Field } from '@/ui/field'
import { Input, Textarea } from '@/ui/input'
import { useDiscard } from '@/ui/unsaved'
import { NO_REPOSITORY, sourceOf, urlProblem } from './git/form'
import { GitFields } from './git/GitFields'
import { slugOf } from './model'
import { SharedMachineNotice } from './SharedMachineNotice'
import { type Source, SourcePicker } from './SourcePicker'
import { useCreateProject } from './useCreateProject'

/** In the address, so that "new project" can be asked for from anywhere. */
export const NEW_PROJECT = 'new'

/** Mounted only while open. */
export function CreateProjectDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('')
  const [description, setDescription] = useState('')
  const [source, setSource] = useState<Source>('empty')
  const [git, setGit] = useState(NO_REPOSITORY)
  const [tried, setTried] = useState(false)
  const create = useCreateProject()
  const me = useQuery(meOptions())

  const written = [name, description, git.url, git.ref, git.username, git.token]
  const dirty = written.some((text) => text.trim() !== '')
  const close = useDiscard({ dirty, busy: create.isPending, onClose, parameter: NEW_PROJECT })

  const onSubmit = (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (!name.trim() || (source === 'git' && urlProblem(git.url))) return
    const more = source === 'git' ? { git: sourceOf(git) } : { sample: source === 'sample' }
    create.mutate({ body: { name: name.trim(), description, ...more } })
  }

  return (
    <Dialog open onOpenChange={(open) => !open && close()}>
      <DialogContent title="New project" description="A board, and a workspace in which its agent works.">
        <form className="flex min-h-0 flex-col" onSubmit={onSubmit} noValidate>
          <DialogBody>
            <Field
              label="Name"
              hint={slugOf(name) ? `Its address will be /p/${slugOf(name)}` : undefined}
              error={tried && !name.trim() ? 'A project needs a name.' : fieldError(create.error, 'name')}
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
            <SourcePicker value={source} onChange={setSource} />
            {source === 'git' && (
              <GitFields form={git} onChange={setGit} error={create.error} tried={tried} prefix="git." />
            )}
            {source === 'sample' && (
              <p className="text-xs text-muted">Its agent is a scripted demo model; no key needed.</p>
            )}
            {isFull(create.error) && (
              <p role="alert" className="text-sm text-bad">
                {describe(create.error).message}
              </p>
            )}
            <SharedMachineNotice shared={me.data?.shared_machine ?? false} />
          </DialogBody>
          <DialogFooter>
            <Button onClick={close}>Cancel</Button>
            <Button type="submit" variant="primary" busy={create.isPending}>
              Create project
            </Button>
          </DialogFooter>
        </form>
      </DialogContent>
    </Dialog>
  )
}

/** Nothing in the form can make good that there are too many projects. */
function isFull(error: unknown): boolean {
  return error instanceof ApiError && error.details.reason === 'too_many_projects'
}
