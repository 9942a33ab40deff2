import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { describe } from '@/api/errors'
import { compareConfigsOptions } from '@/api/options'
import type { Change } from '@/api/types'
import { cn } from '@/lib/cn'
import { Dialog, DialogBody, DialogContent } from '@/ui/dialog'
import { Field } from '@/ui/field'
import { Select } from '@/ui/select'
import { ErrorState, Loading } from '@/ui/states'

export interface CompareDialogProps {
  projectId: string
  /** Those that can be chosen, newest first. */
  versions: number[]
  before: number
  after: number
  onClose: () => void
}

/** What differs between any two versions; of keys, only whether they are set. */
export function CompareDialog({ projectId, versions, onClose, ...first }: CompareDialogProps) {
  const [before, setBefore] = useState(first.before)
  const [after, setAfter] = useState(first.after)
  const found = useQuery(
    compareConfigsOptions({ path: { project: projectId }, query: { from: before, to: after } }),
  )
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()}>
      <DialogContent className="max-w-2xl" title={`Version ${before} and version ${after}`}>
        <DialogBody>
          <div className="flex items-end gap-3">
            <Choice label="Before" versions={versions} value={before} onChange={setBefore} />
            <Choice label="After" versions={versions} value={after} onChange={setAfter} />
          </div>
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

interface ChoiceProps {
  label: string
  versions: number[]
  value: number
  onChange: (version: number) => void
}

function Choice({ label, versions, value, onChange }: ChoiceProps) {
  // The active one may be older than all that were read.
  const offered = versions.includes(value) ? versions : [...versions, value]
  return (
    <Field label={label} className="flex-1">
      {(control) => (
        <Select
          {...control}
          aria-label={`${label}: version`}
          value={String(value)}
          options={offered.map((version) => ({ value: String(version), label: `Version ${version}` }))}
          onValueChange={(chosen) => onChange(Number(chosen))}
        />
      )}
    </Field>
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
