import { useQuery } from '@tanstack/react-query'
import { describe } from '@/api/errors'
import { compareConfigsOptions } from '@/api/options'
import type { Change } from '@/api/types'
import { cn } from '@/lib/cn'
import { Dialog, DialogBody, DialogContent } from '@/ui/dialog'
import { ErrorState, Loading } from '@/ui/states'

export interface CompareDialogProps {
  projectId: string
  before: number
  after: number
  onClose: () => void
}

/** What differs between two versions; of keys, only whether they are set. */
export function CompareDialog({ projectId, before, after, onClose }: CompareDialogProps) {
  const found = useQuery(
    compareConfigsOptions({ path: { project: projectId }, query: { from: before, to: after } }),
  )
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()}>
      <DialogContent className="max-w-2xl" title={`Version ${before} and version ${after}`}>
        <DialogBody>
          {found.isPending && <Loading label="Comparing…" />}
          {found.isError && (
            <ErrorState
              title="The versions cannot be compared"
              {...describe(found.error)}
              onRetry={() => void found.refetch()}
            />
          )}
          {found.data?.changes.length === 0 && <p className="text-sm text-muted">They say the same.</p>}
          {found.data?.changes.map((change) => (
            <FieldChange key={change.field} change={change} />
          ))}
        </DialogBody>
      </DialogContent>
    </Dialog>
  )
}

function FieldChange({ change }: { change: Change }) {
  return (
    <section>
      <h3 className="text-sm font-medium">{change.field.replaceAll('_', ' ')}</h3>
      {change.diff ? (
        <Lines text={change.diff} />
      ) : (
        <dl className="mt-1 grid gap-2 text-sm sm:grid-cols-2">
          <Side label="Before" value={change.before} />
          <Side label="After" value={change.after} />
        </dl>
      )}
    </section>
  )
}

function Lines({ text }: { text: string }) {
  return (
    <pre className="mt-1 rounded-md border p-2 font-mono text-xs break-words whitespace-pre-wrap">
      {text.split('\n').map((line, number) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines of one text never change places
        <span key={number} className={cn('block', toneOf(line))}>
          {line || ' '}
        </span>
      ))}
    </pre>
  )
}

function toneOf(line: string): string {
  if (line.startsWith('+')) return 'text-ok'
  return line.startsWith('-') ? 'text-bad' : 'text-muted'
}

function Side({ label, value }: { label: string; value: unknown }) {
  return (
    <div className="min-w-0">
      <dt className="text-xs text-muted">{label}</dt>
      <dd className="rounded-md border p-2 font-mono text-xs break-words whitespace-pre-wrap">
        {wordsOf(value)}
      </dd>
    </div>
  )
}

function wordsOf(value: unknown): string {
  if (value === null || value === undefined || value === '') return 'not set'
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2)
}
