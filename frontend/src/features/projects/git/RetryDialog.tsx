import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { describe, fieldError } from '@/api/errors'
import { queriesOf } from '@/api/queries'
import { retryWorkspace } from '@/api/sdk'
import type { ProjectSummary } from '@/api/types'
import { Button } from '@/ui/button'
import { Dialog, DialogBody, DialogContent, DialogFooter } from '@/ui/dialog'
import { changeOf, type GitForm, urlProblem } from './form'
import { GitFields } from './GitFields'

const FIELDS = ['url', 'git.url', 'ref', 'username', 'token']

/** Mounted only while open. */
export function RetryDialog({ project, onClose }: { project: ProjectSummary; onClose: () => void }) {
  const client = useQueryClient()
  const [form, setForm] = useState<GitForm>({
    url: project.git_url ?? '',
    ref: project.git_ref ?? '',
    username: '',
    token: '',
    shallow: project.git_depth !== null,
    forget: false,
  })
  const [tried, setTried] = useState(false)
  const retry = useMutation({
    mutationFn: () => retryWorkspace({ path: { project: project.id }, body: changeOf(form) }),
    onSuccess: async () => {
      await client.invalidateQueries({ predicate: queriesOf(['getProject', 'listProjects']) })
      onClose()
    },
  })
  const onSubmit = (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (!urlProblem(form.url)) retry.mutate()
  }
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()}>
      <DialogContent
        title="Clone again"
        description="Change what was wrong. A token is not told to another host than the one it was given for."
      >
        <form className="flex min-h-0 flex-col" onSubmit={onSubmit} noValidate>
          <DialogBody>
            <GitFields
              form={form}
              onChange={setForm}
              error={retry.error}
              tried={tried}
              tokenSet={project.git_credential_set}
            />
            {retry.error && !FIELDS.some((field) => fieldError(retry.error, field)) && (
              <p role="alert" className="text-sm text-bad">
                {describe(retry.error).message}
              </p>
            )}
          </DialogBody>
          <DialogFooter>
            <Button onClick={onClose}>Cancel</Button>
            <Button type="submit" variant="primary" busy={retry.isPending}>
              Clone again
            </Button>
          </DialogFooter>
        </form>
      </DialogContent>
    </Dialog>
  )
}
