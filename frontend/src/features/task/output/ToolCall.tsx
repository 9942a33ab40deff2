import { Bot, CircleAlert, FilePen, FileSearch, Terminal } from 'lucide-react'
import type { ReactNode } from 'react'
import type { OutputTool } from '@/api/types'
import { cn } from '@/lib/cn'
import { formatDuration } from '@/lib/format'
import { Spinner } from '@/ui/spinner'
import { Counts } from '../diff/ChangesTab'
import { DiffLines } from '../diff/DiffLines'
import { countChanges } from '../diff/parse'
import { callDuration, commandOf, contentOf, fileOf, shapeOf, subjectOf, verbOf } from '../model/tools'
import { Disclosure } from './Disclosure'
import { OpenFile } from './fileLinks'
import { Scroll } from './Scroll'

/** One call of a tool, shown as what it is. */
export function ToolCall({ call }: { call: OutputTool }) {
  switch (shapeOf(call.tool)) {
    case 'shell':
      return <Shell call={call} />
    case 'edit':
      return <Edit call={call} />
    case 'task':
      return <Line call={call} icon={<Bot aria-hidden />} />
    default:
      return <Line call={call} icon={<FileSearch aria-hidden />} />
  }
}

function isWorking(call: OutputTool): boolean {
  return call.state === 'pending' || call.state === 'running'
}

function Head({ call, icon, children }: { call: OutputTool; icon: ReactNode; children: ReactNode }) {
  const took = callDuration(call)
  return (
    <span className="flex min-w-0 flex-1 items-center gap-2 [&_svg]:size-3.5 [&_svg]:shrink-0">
      {isWorking(call) ? <Spinner label="running" className="text-info" /> : icon}
      {children}
      {took !== null && took >= 1000 && (
        <span className="ml-auto shrink-0 text-xs text-faint">{formatDuration(took)}</span>
      )}
    </span>
  )
}

function Frame({ call, children }: { call: OutputTool; children: ReactNode }) {
  return (
    <div
      className={cn(
        'overflow-hidden rounded-md border bg-surface',
        call.state === 'error' && 'border-bad/40',
      )}
    >
      {children}
    </div>
  )
}

function Problem({ call }: { call: OutputTool }) {
  if (call.state !== 'error') return null
  return (
    <p className="flex gap-1.5 border-t px-3 py-2 text-sm whitespace-pre-wrap text-bad">
      <CircleAlert aria-hidden className="mt-0.5 size-3.5 shrink-0" />
      <span className="min-w-0 break-words">{call.error || 'The call failed.'}</span>
    </p>
  )
}

function Shell({ call }: { call: OutputTool }) {
  const failed = call.exit_code !== null && call.exit_code !== undefined && call.exit_code !== 0
  return (
    <Frame call={call}>
      <div className="flex items-start gap-2 bg-sunken px-3 py-1.5">
        <Head call={call} icon={<Terminal aria-hidden className="text-faint" />}>
          <code className="min-w-0 font-mono text-xs break-all whitespace-pre-wrap">{commandOf(call)}</code>
        </Head>
        {call.exit_code !== null && call.exit_code !== undefined && (
          <span className={cn('shrink-0 font-mono text-xs', failed ? 'text-bad' : 'text-muted')}>
            exit {call.exit_code}
          </span>
        )}
      </div>
      {call.output && <Scroll text={call.output} label={`Output of ${commandOf(call)}`} />}
      <Problem call={call} />
    </Frame>
  )
}

function Edit({ call }: { call: OutputTool }) {
  const name = fileOf(call) ?? call.title ?? 'a file'
  const content = contentOf(call)
  const counts = call.diff ? countChanges(call.diff) : null
  return (
    <Frame call={call}>
      <Disclosure
        className="[&>div>button]:px-2 [&>div>button]:py-1.5"
        aside={<OpenFile call={call} />}
        summary={
          <Head call={call} icon={<FilePen aria-hidden className="text-faint" />}>
            <span className="shrink-0">{verbOf(call.tool)}</span>
            <code className="truncate font-mono text-xs text-ink">{name}</code>
            {counts && <Counts {...counts} />}
          </Head>
        }
      >
        <div className="border-t">
          {call.diff ? (
            <DiffLines patch={call.diff} label={name} className="max-h-80" />
          ) : content ? (
            <Scroll text={content} label={`Content of ${name}`} />
          ) : (
            <p className="px-3 py-2 text-sm text-muted">Nothing to show yet.</p>
          )}
        </div>
      </Disclosure>
      <Problem call={call} />
    </Frame>
  )
}

function Line({ call, icon }: { call: OutputTool; icon: ReactNode }) {
  const head = (
    <Head call={call} icon={icon}>
      <span className="shrink-0">{verbOf(call.tool)}</span>
      <span className="truncate font-mono text-xs text-ink">{subjectOf(call)}</span>
    </Head>
  )
  return (
    <div>
      {call.output ? (
        <Disclosure summary={head} aside={<OpenFile call={call} />}>
          <div className="mt-1 overflow-hidden rounded-md border bg-surface">
            <Scroll text={call.output} label={`Result of ${verbOf(call.tool)}`} />
          </div>
        </Disclosure>
      ) : (
        <div className="flex px-1 py-0.5 pl-6 text-sm text-muted">
          {head}
          <OpenFile call={call} />
        </div>
      )}
      <Problem call={call} />
    </div>
  )
}
