/** Sending files into the workspace, one after another, as they are. */
import { useMutation } from '@tanstack/react-query'
import { ApiError, describe } from '@/api/errors'
import { makeDirectory } from '@/api/sdk'
import { plural } from '@/lib/format'
import { useConfirm } from '@/ui/confirm'
import { toast } from '@/ui/toast'
import { useRefreshTree } from './api'
import type { Dropped, Outgoing } from './model/dropped'
import { join } from './model/tree'
import { sendFile } from './sending'

export interface Upload extends Dropped {
  /** Where all of it goes to. */
  directory: string
}

/** Files that were chosen by themselves. */
export function outgoing(files: Iterable<File>): Dropped {
  return { files: [...files].map((file) => ({ file, path: file.name })), folders: [] }
}

/** A file that is there already is replaced only when the person says so. */
export function useUpload(projectId: string) {
  const refresh = useRefreshTree(projectId)
  const confirm = useConfirm()

  const agreed = (path: string) =>
    confirm({
      title: `Replace ${path}?`,
      body: 'There is a file of this name already. It is replaced by the one you upload.',
      action: 'Replace',
      danger: true,
    })

  /** False when the file stays away because it would replace another. */
  const sent = async (directory: string, { file, path }: Outgoing, progress: Progress) => {
    const send = (overwrite: boolean) =>
      sendFile(projectId, join(directory, path), file, {
        overwrite,
        signal: progress.signal,
        onSent: progress.sent,
      })
    try {
      await send(false)
    } catch (error) {
      if (!(error instanceof ApiError) || error.details.reason !== 'exists') throw error
      if (!(await agreed(path))) return false
      await send(true)
    }
    return true
  }

  return useMutation({
    mutationFn: async ({ directory, files, folders }: Upload) => {
      const progress = new Progress(files)
      let done = 0
      try {
        for (const folder of folders) {
          await makeDirectory({ path: { project: projectId }, body: { path: join(directory, folder) } })
        }
        for (const one of files) {
          progress.next(one)
          if (await sent(directory, one, progress)) done += 1
        }
        progress.over(() =>
          toast.success(
            files.length > 0
              ? `Uploaded ${plural(done, 'file')}`
              : `Made ${plural(folders.length, 'empty folder')}`,
          ),
        )
      } catch (error) {
        const count = `${plural(done, 'file')} of ${files.length} uploaded`
        progress.over(() =>
          progress.signal.aborted
            ? toast(`Cancelled: ${count}`)
            : toast.error(count, { description: describe(error).message }),
        )
      }
    },
    onSettled: () => void refresh(),
  })
}

/** What a person sees of an upload while it goes on, and the way to call it off. */
class Progress {
  private readonly calling = new AbortController()
  private readonly total: number
  private readonly notice: string | number
  private name = ''
  private number = 0
  /** Bytes of the files before this one. */
  private before = 0
  private size = 0
  private shown = ''

  constructor(private readonly files: Outgoing[]) {
    this.total = files.reduce((sum, { file }) => sum + file.size, 0)
    this.notice = toast.loading(`Uploading ${plural(files.length, 'file')}…`)
  }

  get signal(): AbortSignal {
    return this.calling.signal
  }

  next({ file, path }: Outgoing): void {
    this.before += this.size
    this.size = file.size
    this.name = path
    this.number += 1
    this.sent(0)
  }

  readonly sent = (bytes: number): void => {
    const share = this.total > 0 ? (this.before + Math.min(bytes, this.size)) / this.total : 0
    const text = `Uploading ${this.name} (${this.number} of ${this.files.length}), ${Math.floor(share * 100)} %`
    if (text === this.shown) return
    this.shown = text
    const cancel = { label: 'Cancel upload', onClick: () => this.calling.abort() }
    toast.loading(text, { id: this.notice, cancel })
  }

  over(say: () => void): void {
    toast.dismiss(this.notice)
    say()
  }
}
