import { ArrowLeft, Download, Eye, FileWarning, GitCompare, RotateCw, Save, X } from 'lucide-react'
import { type ReactNode, Suspense, useRef, useState } from 'react'
import { Link } from 'react-router'
import { onDownloadLink } from '@/api/download'
import { describe } from '@/api/errors'
import { cn } from '@/lib/cn'
import { Badge } from '@/ui/badge'
import { Button } from '@/ui/button'
import { IconButton } from '@/ui/icon-button'
import { EmptyState, ErrorState, Loading } from '@/ui/states'
import { isStarting } from './api'
import { ChangedBar } from './ChangedBar'
import { Changes } from './Changes'
import type { Editors } from './editor'
import { contentUrl } from './model/address'
import { ENCODING_NAMES, type Encoding } from './model/encoding'
import { nameOf } from './model/tree'
import { NotText } from './NotText'
import { hasPreview, imageType } from './preview/kinds'
import { Preview } from './preview/Preview'
import { PANEL } from './TabStrip'
import type { Buffers } from './useBuffers'
import { isMissing, useFile } from './useFile'

type Look = 'text' | 'changes' | 'preview'

export interface FileViewProps {
  projectId: string
  path: string
  line: number | null
  /** A run whose changes to this file were asked for. */
  run: string | null
  home: string
  /** All that is open: an editor lets go of the rest. */
  paths: readonly string[]
  buffers: Buffers
  busy: boolean
  onSave: () => void
  onCompare: () => void
  onClose: () => void
  editors: Editors
}

/** The file in front: what can be done with it, and its text in the editor. */
export function FileView(props: FileViewProps) {
  const { projectId, path, buffers, busy, onSave, onClose } = props
  const { content, error, readAgain } = useFile(projectId, path, buffers)
  const buffer = buffers.get(path)
  const dirty = buffers.dirty.has(path)
  const other = content && content.kind !== 'text' && !dirty ? content : null
  const disk = buffer?.disk
  const [looks, setLooks] = useState<ReadonlyMap<string, Look>>(new Map())
  const look = looks.get(path) ?? (props.run ? 'changes' : 'text')
  const picture = other?.kind === 'binary' && imageType(path) !== null
  return (
    <div
      role="tabpanel"
      id={PANEL}
      aria-labelledby={`${PANEL}-tab`}
      className="flex min-h-0 min-w-0 flex-1 flex-col"
    >
      <Toolbar
        {...props}
        dirty={dirty}
        encoding={buffer && !other ? buffer.encoding : 'utf-8'}
        look={buffer && !other ? look : null}
        onLook={(wanted) => setLooks((before) => new Map(before).set(path, wanted))}
        onReadAgain={() => void readAgain()}
      />
      {disk && (
        <ChangedBar
          disk={disk}
          busy={busy}
          onReload={() => disk !== 'deleted' && buffers.load(path, disk)}
          onCompare={props.onCompare}
          onKeep={() => buffers.keep(path)}
          onSave={onSave}
          onClose={onClose}
        />
      )}
      <Text {...props} shown={buffer !== undefined && !other && look === 'text'} />
      {buffer && !other && look !== 'text' && (
        <div className="min-h-0 flex-1">
          {look === 'changes' ? (
            <Changes
              key={`${path} ${props.run}`}
              projectId={projectId}
              path={path}
              text={buffer.text}
              run={props.run}
              Compare={props.editors.Compare}
            />
          ) : (
            <Preview projectId={projectId} path={path} source={{ text: buffer.text }} />
          )}
        </div>
      )}
      {other ? (
        <Scrolling>
          {picture ? (
            <Preview projectId={projectId} path={path} source={{ etag: other.etag }} />
          ) : (
            <NotText projectId={projectId} path={path} content={other} />
          )}
        </Scrolling>
      ) : (
        !buffer && (
          <Scrolling>
            <Unread error={error} home={props.home} onRetry={() => void readAgain()} />
          </Scrolling>
        )
      )}
    </div>
  )
}

function Scrolling({ children }: { children: ReactNode }) {
  return <div className="min-h-0 flex-1 overflow-auto">{children}</div>
}

interface ToolbarProps extends FileViewProps {
  dirty: boolean
  encoding: Encoding
  /** How the text is shown; null while there is none. */
  look: Look | null
  onLook: (look: Look) => void
  onReadAgain: () => void
}

function Toolbar(props: ToolbarProps) {
  const { projectId, path, home, dirty, encoding, busy, look, onLook, onSave, onClose, onReadAgain } = props
  const toggle = (wanted: Look) => ({
    size: 'iconSm' as const,
    'aria-pressed': look === wanted,
    className: cn(look === wanted && 'bg-sunken text-ink'),
    onClick: () => onLook(look === wanted ? 'text' : wanted),
  })
  return (
    <div className="flex h-10 shrink-0 items-center gap-1.5 border-b bg-surface px-2">
      <IconButton label="All files" size="iconSm" className="md:hidden" asChild>
        <Link to={home}>
          <ArrowLeft aria-hidden />
        </Link>
      </IconButton>
      <h2 className="min-w-0 truncate font-mono text-xs" title={path}>
        {path}
      </h2>
      {encoding !== 'utf-8' && (
        <Badge tone="neutral" title="The file's encoding; saving keeps it">
          {ENCODING_NAMES[encoding]}
        </Badge>
      )}
      {dirty && <Badge tone="warn">Unsaved</Badge>}
      <div className="ml-auto flex items-center gap-1">
        {look && hasPreview(path) && (
          <IconButton label="Preview" {...toggle('preview')}>
            <Eye />
          </IconButton>
        )}
        {look && (
          <IconButton label="Changes since an earlier state" {...toggle('changes')}>
            <GitCompare />
          </IconButton>
        )}
        <IconButton label="Read again" size="iconSm" onClick={onReadAgain}>
          <RotateCw />
        </IconButton>
        <IconButton label="Download" size="iconSm" asChild>
          <a href={contentUrl(projectId, path)} download={nameOf(path)} onClick={onDownloadLink}>
            <Download aria-hidden />
          </a>
        </IconButton>
        <Button size="sm" variant="primary" busy={busy} disabled={!dirty} onClick={onSave}>
          {!busy && <Save aria-hidden />} Save
        </Button>
        <IconButton label="Close file" shortcut="mod+shift+x" size="iconSm" onClick={onClose}>
          <X />
        </IconButton>
      </div>
    </div>
  )
}

/** The editor stays where it is while something else is shown, and with it what can be undone. */
function Text({ path, line, paths, buffers, onSave, editors, shown }: FileViewProps & { shown: boolean }) {
  const last = useRef(path)
  if (shown) last.current = path
  const buffer = buffers.get(last.current)
  if (!buffer) return null
  return (
    <div className={cn('min-h-0 flex-1', !shown && 'hidden')}>
      <Suspense fallback={<Loading label="Loading the editor…" />}>
        <editors.Editor
          path={last.current}
          text={buffer.text}
          revision={buffer.revision}
          line={shown ? line : null}
          open={paths}
          onChange={(text) => buffers.edit(last.current, text)}
          onSave={onSave}
        />
      </Suspense>
    </div>
  )
}

function Unread({ error, home, onRetry }: { error: unknown; home: string; onRetry: () => void }) {
  if (!error || isStarting(error))
    return <Loading label={error ? 'Starting the workspace…' : 'Reading the file…'} />
  if (!isMissing(error))
    return <ErrorState title="The file cannot be read" {...describe(error)} onRetry={onRetry} />
  return (
    <EmptyState
      icon={<FileWarning aria-hidden />}
      title="There is no such file"
      action={
        <Button asChild>
          <Link to={home}>All files</Link>
        </Button>
      }
    >
      It may have been renamed or deleted since the link was made.
    </EmptyState>
  )
}
