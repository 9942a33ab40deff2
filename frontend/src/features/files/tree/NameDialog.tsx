import { type FormEvent, useState } from 'react'
import type { Entry } from '@/api/types'
import { isUnder } from '@/lib/paths'
import { Button } from '@/ui/button'
import { Dialog, DialogBody, DialogContent, DialogFooter } from '@/ui/dialog'
import { Field } from '@/ui/field'
import { Input } from '@/ui/input'
import { useCreate, useRename } from '../api'
import { isDirectory, join, nameProblem, parentOf } from '../model/tree'

export type Naming =
  | { kind: 'create'; directory: boolean; parent: string }
  | { kind: 'rename' | 'move'; entry: Entry }

export interface NameDialogProps {
  projectId: string
  naming: Naming
  siblings: Entry[]
  onClose: () => void
  onDone: (path: string, directory: boolean) => void
}

/** Asks for the name of what is made or renamed. */
export function NameDialog({ projectId, naming, siblings, onClose, onDone }: NameDialogProps) {
  const create = useCreate(projectId)
  const rename = useRename(projectId)
  const before =
    naming.kind === 'create' ? '' : naming.kind === 'move' ? naming.entry.path : naming.entry.name
  const [name, setName] = useState(before)
  const [tried, setTried] = useState(false)
  const parent =
    naming.kind === 'create' ? naming.parent : naming.kind === 'move' ? '' : parentOf(naming.entry.path)
  const directory = naming.kind === 'create' ? naming.directory : isDirectory(naming.entry)
  const verb = { create: 'Create', rename: 'Rename', move: 'Move' }[naming.kind]
  const what = directory ? 'folder' : 'file'
  const inItself = naming.kind === 'move' && directory && isUnder(name, before)
  const problem =
    name === before && naming.kind !== 'create'
      ? null
      : inItself
        ? 'A folder cannot be moved into itself.'
        : nameProblem(name, siblings)

  const onSubmit = (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (problem) return
    if (name === before) return onClose()
    const path = join(parent, name)
    const done = {
      onSuccess: () => {
        onClose()
        onDone(path, directory)
      },
    }
    if (naming.kind !== 'create') rename.mutate({ path: naming.entry.path, to: path }, done)
    else create.mutate({ path, directory }, done)
  }

  return (
    <Dialog open onOpenChange={(open) => !open && onClose()}>
      <DialogContent
        className="max-w-md"
        title={naming.kind === 'create' ? `New ${what}` : `${verb} ${naming.entry.name}`}
        description={parent ? `In ${parent}/` : 'In the workspace'}
      >
        <form onSubmit={onSubmit}>
          <DialogBody>
            <Field label={naming.kind === 'move' ? 'Path' : 'Name'} error={tried ? problem : null}>
              {(control) => (
                <Input
                  {...control}
                  autoFocus
                  spellCheck={false}
                  autoComplete="off"
                  value={name}
                  onChange={(event) => setName(event.target.value)}
                />
              )}
            </Field>
          </DialogBody>
          <DialogFooter>
            <Button variant="ghost" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" variant="primary" busy={create.isPending || rename.isPending}>
              {verb}
            </Button>
          </DialogFooter>
        </form>
      </DialogContent>
    </Dialog>
  )
}
