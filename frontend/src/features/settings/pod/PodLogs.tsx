import { useQuery } from '@tanstack/react-query'
import { RotateCw } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { describe } from '@/api/errors'
import { getPodLogsOptions } from '@/api/options'
import type { PodPart } from '@/api/types'
import { Button } from '@/ui/button'
import { IconButton } from '@/ui/icon-button'
import { Select } from '@/ui/select'
import { Spinner } from '@/ui/spinner'

const LINES = 300
const REFRESH = 3_000

export interface PodLogsProps {
  projectId: string
  /** The parts that exist now; while nothing runs, the last logs of the usual ones can still be read. */
  parts: PodPart['part'][]
  names: Record<PodPart['part'], string>
}

const USUAL: PodPart['part'][] = ['opencode', 'files', 'session']

export function PodLogs({ projectId, parts, names }: PodLogsProps) {
  const [open, setOpen] = useState(false)
  const [part, setPart] = useState<PodPart['part']>('opencode')
  const logs = useQuery({
    ...getPodLogsOptions({ path: { project: projectId }, query: { part, lines: LINES } }),
    enabled: open,
    refetchInterval: open ? REFRESH : false,
  })
  const box = useRef<HTMLPreElement>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: new lines are the reason to show the end
  useEffect(() => {
    if (box.current) box.current.scrollTop = box.current.scrollHeight
  }, [logs.data])

  if (!open) {
    return (
      <div>
        <Button onClick={() => setOpen(true)}>Show logs</Button>
      </div>
    )
  }
  const text = logs.data?.lines.join('\n')
  return (
    <div className="flex flex-col gap-2">
      <div className="flex items-center gap-2">
        <Select
          aria-label="Log of"
          className="w-48"
          value={part}
          onValueChange={(value) => setPart(value as PodPart['part'])}
          options={(parts.length > 0 ? parts : USUAL).map((id) => ({ value: id, label: names[id] }))}
        />
        <IconButton label="Read again" onClick={() => void logs.refetch()}>
          <RotateCw />
        </IconButton>
        {logs.isFetching && <Spinner className="text-faint" />}
        <Button variant="ghost" className="ml-auto" onClick={() => setOpen(false)}>
          Hide
        </Button>
      </div>
      {logs.isError ? (
        <p role="alert" className="text-sm text-bad">
          {describe(logs.error).message}
        </p>
      ) : (
        <pre
          ref={box}
          role="log"
          aria-label={`Log of ${names[part]}`}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
          tabIndex={0}
          className="h-72 overflow-auto scroll-thin rounded-md border bg-sunken p-3 font-mono text-xs leading-5 break-words whitespace-pre-wrap"
        >
          {text === undefined ? 'Reading…' : text || 'Nothing was logged.'}
        </pre>
      )}
    </div>
  )
}
