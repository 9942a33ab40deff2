import { useQuery } from '@tanstack/react-query'
import { FileDiff as FileIcon, FileQuestionMark as FileQuestion } from 'lucide-react'
import { useEffect, useState } from 'react'
import { Link, useParams } from 'react-router'
import { describe } from '@/api/errors'
import { getDiffOptions } from '@/api/options'
import type { FileDiff, Session } from '@/api/types'
import { cn } from '@/lib/cn'
import { filesUrl } from '@/lib/filesUrl'
import { plural } from '@/lib/format'
import { Button } from '@/ui/button'
import { EmptyState, ErrorState, Loading } from '@/ui/states'
import { isActive } from '../model/verdict'
import { DiffLines } from './DiffLines'

const LIVE_REFRESH = 4_000

export interface ChangesTabProps {
  projectId: string
  taskId: string
  run: Session
  /** How many files the output has named so far; a change asks for the diff anew. */
  touched: number
}

/** What a run changed, file by file; renewed while it works. */
export function ChangesTab({ projectId, taskId, run, touched }: ChangesTabProps) {
  const active = isActive(run.status)
  const diff = useQuery({
    ...getDiffOptions({ path: { project: projectId, task: taskId }, query: { session_id: run.id } }),
    refetchInterval: active ? LIVE_REFRESH : false,
  })
  const { refetch } = diff
  // biome-ignore lint/correctness/useExhaustiveDependencies: each further file, and the end, is a reason
  useEffect(() => {
    if (touched > 0) void refetch()
  }, [touched, active, refetch])

  if (diff.isPending) return <Loading label="Reading the changes…" />
  if (diff.isError) {
    return (
      <ErrorState
        title="The changes cannot be shown"
        {...describe(diff.error)}
        onRetry={() => void refetch()}
      />
    )
  }
  const { files, known } = diff.data
  if (files.length === 0 && !known) return <Unknown active={active} />
  if (files.length === 0) {
    return (
      <EmptyState
        icon={<FileIcon aria-hidden />}
        title={active ? 'Nothing changed yet' : 'No file was changed'}
      >
        {active
          ? 'Files appear here as soon as the agent writes them.'
          : 'This run left the workspace as it was.'}
      </EmptyState>
    )
  }
  return <DiffList files={files} runId={run.id} live={diff.data.live} />
}

/** No files, because nobody could say which: nothing may be read into that. */
function Unknown({ active }: { active: boolean }) {
  const { project } = useParams()
  if (active) {
    return (
      <EmptyState icon={<FileQuestion aria-hidden />} title="What it has changed so far is not known">
        The workspace does not answer at the moment; it is asked again by itself.
      </EmptyState>
    )
  }
  return (
    <EmptyState
      icon={<FileQuestion aria-hidden />}
      title="What this run changed is not known"
      action={
        <Button asChild>
          <Link to={filesUrl(project ?? '')}>Open the files</Link>
        </Button>
      }
    >
      Its workspace ended before it was asked, or could not say. Open a file that may have changed, and
      compare it with the last commit there.
    </EmptyState>
  )
}

function DiffList({ files, runId, live }: { files: FileDiff[]; runId: string; live: boolean }) {
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set())
  const additions = files.reduce((sum, file) => sum + file.additions, 0)
  const deletions = files.reduce((sum, file) => sum + file.deletions, 0)
  const allClosed = closed.size >= files.length
  const toggle = (name: string) => {
    const next = new Set(closed)
    if (!next.delete(name)) next.add(name)
    setClosed(next)
  }
  return (
    <div className="flex flex-col gap-3 p-3">
      <div className="flex items-center gap-2 text-sm text-muted">
        <span>{plural(files.length, 'file')} changed</span>
        <Counts additions={additions} deletions={deletions} />
        {live && <span className="text-info">live</span>}
        <Button
          size="sm"
          variant="ghost"
          className="ml-auto"
          onClick={() => setClosed(allClosed ? new Set() : new Set(files.map(({ file }) => file)))}
        >
          {allClosed ? 'Expand all' : 'Collapse all'}
        </Button>
      </div>
      {files.map((file) => (
        <DiffFile
          key={file.file}
          file={file}
          runId={runId}
          open={!closed.has(file.file)}
          onToggle={() => toggle(file.file)}
        />
      ))}
    </div>
  )
}

interface DiffFileProps {
  file: FileDiff
  runId: string
  open: boolean
  onToggle: () => void
}

function DiffFile({ file, runId, open, onToggle }: DiffFileProps) {
  const { project } = useParams()
  return (
    <div className="overflow-hidden rounded-lg border bg-surface">
      <div className={cn('flex items-center gap-2 px-3 py-1.5', open && 'border-b')}>
        <button
          type="button"
          aria-expanded={open}
          onClick={onToggle}
          className="flex min-w-0 flex-1 items-center gap-2 text-left font-mono text-xs"
        >
          <span aria-hidden className={cn('text-faint transition-transform', open && 'rotate-90')}>
            ›
          </span>
          <span className="truncate">{file.file}</span>
          {file.status !== 'modified' && <span className="font-sans text-faint">{file.status}</span>}
        </button>
        <Counts additions={file.additions} deletions={file.deletions} />
        {file.status !== 'deleted' && (
          <Link
            to={filesUrl(project ?? '', file.file, null, runId)}
            aria-label={`Open ${file.file}`}
            className="text-xs text-accent-ink hover:underline"
          >
            Open
          </Link>
        )}
      </div>
      {open && <DiffLines patch={file.patch} label={file.file} className="max-h-[32rem]" />}
    </div>
  )
}

export function Counts({ additions, deletions }: { additions: number; deletions: number }) {
  return (
    <span className="flex shrink-0 gap-1.5 font-mono text-xs">
      <span className="text-ok">
        +{additions}
        <span className="sr-only"> lines added</span>
      </span>
      <span className="text-bad">
        −{deletions}
        <span className="sr-only"> lines removed</span>
      </span>
    </span>
  )
}
