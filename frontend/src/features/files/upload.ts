/** Sending files into the workspace, one after another, as they are. */
import { useMutation } from '@tanstack/react-query'
import { ApiError, describe } from '@/api/errors'
import { uploadFile } from '@/api/sdk'
import { plural } from '@/lib/format'
import { useConfirm } from '@/ui/confirm'
import { toast } from '@/ui/toast'
import { useRefreshTree } from './api'

export interface Upload {
  directory: string
  files: File[]
}

function send(projectId: string, path: string, file: File, overwrite: boolean) {
  return uploadFile({
    path: { project: projectId },
    query: { path, overwrite },
    body: file,
    bodySerializer: null,
    headers: { 'Content-Type': 'application/octet-stream' },
  })
}

/** A file that is there already is replaced only when the person says so. */
export function useUpload(projectId: string) {
  const refresh = useRefreshTree(projectId)
  const confirm = useConfirm()
  return useMutation({
    mutationFn: async ({ directory, files }: Upload) => {
      const notice = toast.loading(`Uploading ${plural(files.length, 'file')}…`)
      let done = 0
      try {
        for (const [index, file] of files.entries()) {
          toast.loading(`Uploading ${file.name} (${index + 1} of ${files.length})…`, { id: notice })
          const path = directory ? `${directory}/${file.name}` : file.name
          try {
            await send(projectId, path, file, false)
          } catch (error) {
            if (!(error instanceof ApiError) || error.details.reason !== 'exists') throw error
            const sure = await confirm({
              title: `Replace ${file.name}?`,
              body: 'There is a file of this name already. It is replaced by the one you upload.',
              action: 'Replace',
              danger: true,
            })
            if (!sure) continue
            await send(projectId, path, file, true)
          }
          done += 1
        }
        toast.success(`Uploaded ${plural(done, 'file')}`, { id: notice })
      } catch (error) {
        toast.error(`${plural(done, 'file')} of ${files.length} uploaded`, {
          id: notice,
          description: describe(error).message,
        })
      }
    },
    onSettled: () => void refresh(),
  })
}
