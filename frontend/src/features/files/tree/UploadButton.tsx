import { Upload } from 'lucide-react'
import { useRef } from 'react'
import { IconButton } from '@/ui/icon-button'
import { outgoing, useUpload } from '../upload'

/** Chooses files for a folder; the browser's own field is out of sight. */
export function UploadButton({ projectId, directory }: { projectId: string; directory: string }) {
  const field = useRef<HTMLInputElement>(null)
  const { mutate, isPending } = useUpload(projectId)
  return (
    <>
      <IconButton
        label="Upload files"
        size="iconSm"
        disabled={isPending}
        onClick={() => field.current?.click()}
      >
        <Upload />
      </IconButton>
      <input
        ref={field}
        type="file"
        multiple
        hidden
        aria-label="Files to upload"
        onChange={(event) => {
          const files = [...(event.target.files ?? [])]
          event.target.value = ''
          if (files.length > 0) mutate({ directory, ...outgoing(files) })
        }}
      />
    </>
  )
}
