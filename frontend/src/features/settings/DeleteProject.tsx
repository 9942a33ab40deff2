import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useNavigate } from 'react-router'
import { describe } from '@/api/errors'
import { allProjectsOptions } from '@/api/queries'
import { deleteProject } from '@/api/sdk'
import type { ProjectSummary } from '@/api/types'
import { Button } from '@/ui/button'
import { Dialog, DialogBody, DialogContent, DialogFooter, DialogTrigger } from '@/ui/dialog'
import { Field } from '@/ui/field'
import { Input } from '@/ui/input'
import { toast } from '@/ui/toast'

export function DeleteProject({ project }: { project: ProjectSummary }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const [typed, setTyped] = useState('')
  const remove = useMutation({
    mutationFn: () => deleteProject({ path: { project: project.id } }),
    onSuccess: async () => {
      await navigate('/')
      client.setQueryData(allProjectsOptions().queryKey, (all) => all?.filter(({ id }) => id !== project.id))
      void client.invalidateQueries({ queryKey: allProjectsOptions().queryKey })
      toast(`Deleted “${project.name}”`)
    },
    onError: (error) =>
      toast.error('The project could not be deleted', { description: describe(error).message }),
  })
  const sure = typed.trim() === project.name
  const onSubmit = (event: FormEvent) => {
    event.preventDefault()
    if (sure) remove.mutate()
  }
  return (
    <div className="flex flex-wrap items-center justify-between gap-3">
      <p className="min-w-0 flex-1 text-sm text-muted">
        Stops the workspace and takes the project with its cards and runs off every list.
      </p>
      <Dialog onOpenChange={() => setTyped('')}>
        <DialogTrigger asChild>
          <Button variant="dangerGhost">Delete project…</Button>
        </DialogTrigger>
        <DialogContent
          className="max-w-md"
          title={`Delete ${project.name}?`}
          description="A run in progress is cancelled. This cannot be undone from here."
        >
          <form onSubmit={onSubmit}>
            <DialogBody>
              <Field label={`Type “${project.name}” to confirm`}>
                {(control) => (
                  <Input
                    {...control}
                    autoFocus
                    autoComplete="off"
                    value={typed}
                    onChange={(event) => setTyped(event.target.value)}
                  />
                )}
              </Field>
            </DialogBody>
            <DialogFooter>
              <Button type="submit" variant="danger" busy={remove.isPending} disabled={!sure}>
                Delete project
              </Button>
            </DialogFooter>
          </form>
        </DialogContent>
      </Dialog>
    </div>
  )
}
