import { Download, FileWarning } from 'lucide-react'
import { onDownloadLink } from '@/api/download'
import { formatBytes } from '@/lib/format'
import { Button } from '@/ui/button'
import { EmptyState } from '@/ui/states'
import { contentUrl } from './model/address'
import type { FileContent } from './model/content'
import { nameOf } from './model/tree'

export interface NotTextProps {
  projectId: string
  path: string
  content: Exclude<FileContent, { kind: 'text' }>
}

export function NotText({ projectId, path, content }: NotTextProps) {
  const size = content.size === null ? '' : ` (${formatBytes(content.size)})`
  return (
    <EmptyState
      icon={<FileWarning aria-hidden />}
      title={content.kind === 'large' ? 'Too large to edit here' : 'Not a text file'}
      action={
        <Button asChild variant="primary">
          <a href={contentUrl(projectId, path)} download={nameOf(path)} onClick={onDownloadLink}>
            <Download aria-hidden /> Download{size}
          </a>
        </Button>
      }
    >
      {content.kind === 'large'
        ? 'Files of more than 2 MB open better in an editor of your own.'
        : 'It can be downloaded as it is.'}
    </EmptyState>
  )
}
