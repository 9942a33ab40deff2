import { useQuery } from '@tanstack/react-query'
import { ArrowLeft, Download, FileWarning, RotateCw, Save } from 'lucide-react'
import { Suspense, useEffect, useRef, useState } from 'react'
import { Link } from 'react-router'
import { ApiError, describe } from '@/api/errors'
import { formatBytes } from '@/lib/format'
import { useBoardEvents } from '@/realtime/RealtimeProvider'
import { Badge } from '@/ui/badge'
import { Button } from '@/ui/button'
import { useConfirm } from '@/ui/confirm'
import { IconButton } from '@/ui/icon-button'
import { EmptyState, ErrorState, Loading } from '@/ui/states'
import { contentOptions, isStarting } from './api'
import type { EditorProps, Editors } from './editor'
import { contentUrl } from './model/address'
import type { FileContent } from './model/content'
import { nameOf } from './model/tree'
import type { Buffers } from './useBuffers'

export interface FileViewProps {
  projectId: string
  path: string
  line: number | null
  home: string
  buffers: Buffers
  busy: boolean
  onSave: () => void
  Editor: Editors['Editor']
}

export function FileView(props: FileViewProps) {
  const { projectId, path, buffers, busy, onSave, home } = props
  const confirm = useConfirm()
  const dirty = buffers.dirty.has(path)
  const [kept] = useState(() => dirty)
  const content = useQuery({ ...contentOptions(projectId, path), enabled: !kept })
  const refetch = async () => {
    const question = {
      title: 'Read the file again?',
      body: 'Your unsaved changes to it are lost.',
      action: 'Read again',
      danger: true,
    }
    if (dirty && !(await confirm(question))) return
    const { data } = await content.refetch()
    if (data?.kind === 'text') buffers.load(path, data.text, data.etag)
  }
  useBoardEvents((event) => {
    if (event.type === 'file_changed' && event.path === path && !buffers.dirty.has(path)) void refetch()
  })

  return (
    <>
      <div className="flex h-10 shrink-0 items-center gap-1.5 border-b bg-surface px-2">
        <IconButton label="All files" size="iconSm" className="md:hidden" asChild>
          <Link to={home}>
            <ArrowLeft aria-hidden />
          </Link>
        </IconButton>
        <h2 className="min-w-0 truncate font-mono text-xs" title={path}>
          {path}
        </h2>
        {dirty && <Badge tone="warn">Unsaved</Badge>}
        <div className="ml-auto flex items-center gap-1">
          <IconButton label="Read again" size="iconSm" onClick={() => void refetch()}>
            <RotateCw />
          </IconButton>
          <IconButton label="Download" size="iconSm" asChild>
            <a href={contentUrl(projectId, path)} download={nameOf(path)}>
              <Download aria-hidden />
            </a>
          </IconButton>
          <Button size="sm" variant="primary" busy={busy} disabled={!dirty} onClick={onSave}>
            {!busy && <Save aria-hidden />} Save
          </Button>
        </div>
      </div>
      <div className="min-h-0 flex-1 overflow-auto">
        <Content
          {...props}
          content={content.data}
          error={content.error}
          kept={kept}
          onRetry={() => void refetch()}
        />
      </div>
    </>
  )
}

interface ContentProps extends FileViewProps {
  content: FileContent | undefined
  error: unknown
  kept: boolean
  onRetry: () => void
}

function Content({ content, error, kept, onRetry, ...props }: ContentProps) {
  if (kept) return <Text {...props} />
  if (content?.kind === 'text') return <Text {...props} loaded={content} />
  if (content) return <NotText {...props} content={content} />
  if (!error || isStarting(error))
    return <Loading label={error ? 'Starting the workspace…' : 'Reading the file…'} />
  if (error instanceof ApiError && error.status === 404) {
    return (
      <EmptyState
        icon={<FileWarning aria-hidden />}
        title="There is no such file"
        action={
          <Button asChild>
            <Link to={props.home}>All files</Link>
          </Button>
        }
      >
        It may have been renamed or deleted since the link was made.
      </EmptyState>
    )
  }
  return <ErrorState title="The file cannot be read" {...describe(error)} onRetry={onRetry} />
}

interface TextProps extends FileViewProps {
  loaded?: Extract<FileContent, { kind: 'text' }>
}

function Text({ path, line, buffers, onSave, loaded, Editor }: TextProps) {
  const [, setReady] = useState(0)
  const latest = useRef(buffers)
  latest.current = buffers
  // What was read is taken in once; after that the text belongs to the editor, also when it was saved.
  useEffect(() => {
    if (!loaded || latest.current.dirty.has(path)) return
    latest.current.load(path, loaded.text, loaded.etag)
    setReady((count) => count + 1)
  }, [loaded, path])
  const buffer = buffers.get(path)
  if (!buffer) return <Loading label="Opening the file…" />
  const editor: EditorProps = {
    path,
    text: buffer.text,
    revision: buffer.revision,
    line,
    onChange: (text) => buffers.edit(path, text),
    onSave,
  }
  return (
    <Suspense fallback={<Loading label="Loading the editor…" />}>
      <Editor {...editor} />
    </Suspense>
  )
}

function NotText({ projectId, path, content }: FileViewProps & { content: FileContent }) {
  const size = content.kind !== 'text' && content.size !== null ? ` (${formatBytes(content.size)})` : ''
  return (
    <EmptyState
      icon={<FileWarning aria-hidden />}
      title={content.kind === 'large' ? 'Too large to edit here' : 'Not a text file'}
      action={
        <Button asChild variant="primary">
          <a href={contentUrl(projectId, path)} download={nameOf(path)}>
            <Download aria-hidden /> Download{size}
          </a>
        </Button>
      }
    >
      {content.kind === 'large'
        ? 'Files of more than 1 MB open better in an editor of your own.'
        : 'It can be downloaded as it is.'}
    </EmptyState>
  )
}
