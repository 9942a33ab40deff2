import { History } from 'lucide-react'
import type { Session } from '@/api/types'
import { cn } from '@/lib/cn'
import { formatAgo, formatCost, formatDateTime, formatDuration, formatTokens } from '@/lib/format'
import { useNow } from '@/lib/useNow'
import { Badge } from '@/ui/badge'
import { EmptyState } from '@/ui/states'
import { isActive, runDuration, sayRun, totalTokens } from '../model/verdict'
import { Disclosure } from '../output/Disclosure'
import { RunMenu } from './RunMenu'
import { SubAgents } from './SubAgents'
import { Timeline } from './Timeline'

export interface HistoryTabProps {
  runs: Session[]
  shown: string | null
  onShow: (run: Session) => void
}

/** The card's runs, each of which can be looked at again, and everything else that happened to it. */
export function HistoryTab({ runs, shown, onShow }: HistoryTabProps) {
  return (
    <div className="flex flex-col gap-5 p-4">
      <section aria-labelledby="runs-heading">
        <h3 id="runs-heading" className="mb-2 text-xs font-medium text-muted">
          Runs
        </h3>
        {runs.length === 0 ? (
          <EmptyState icon={<History aria-hidden />} title="No run yet" className="py-6">
            Execute the card, and each attempt is kept here with its output and cost.
          </EmptyState>
        ) : (
          <ol className="flex flex-col gap-2">
            {runs.map((run, index) => (
              <li key={run.id} className="relative">
                <RunMenu run={run} className="absolute top-1.5 right-1.5" />
                <RunRow
                  run={run}
                  number={runs.length - index}
                  shown={run.id === shown}
                  onShow={() => onShow(run)}
                />
                <Disclosure summary="Prompt">
                  <p className="mt-1 max-h-64 overflow-y-auto scroll-thin rounded-md bg-sunken px-3 py-2 text-xs break-words whitespace-pre-wrap">
                    {run.prompt}
                  </p>
                </Disclosure>
                <SubAgents>{run.children}</SubAgents>
              </li>
            ))}
          </ol>
        )}
      </section>
      <Timeline />
    </div>
  )
}

interface RunRowProps {
  run: Session
  number: number
  shown: boolean
  onShow: () => void
}

function RunRow({ run, number, shown, onShow }: RunRowProps) {
  const now = useNow(isActive(run.status))
  const said = sayRun(run)
  const duration = runDuration(run, now)
  const tokens = totalTokens({ ...run.tokens })
  const facts = [
    run.kind === 'feedback' ? 'Feedback' : run.rerun_of ? 'Repeated' : 'Run',
    duration !== null && formatDuration(duration),
    tokens > 0 && `${formatTokens(tokens)} tokens`,
    tokens > 0 && formatCost(run.cost),
    run.exit_code !== null && `exit ${run.exit_code}`,
    `config v${run.config_version}`,
    run.created_by_name && `by ${run.created_by_name}`,
  ].filter(Boolean)
  return (
    <button
      type="button"
      onClick={onShow}
      aria-current={shown || undefined}
      className={cn(
        'w-full rounded-lg border bg-surface px-3 py-2 text-left text-sm hover:border-line-strong',
        shown && 'border-accent-ink',
      )}
    >
      <span className="flex items-center gap-2">
        <span className="font-medium">#{number}</span>
        <Badge tone={said.tone}>{said.label}</Badge>
        <time
          dateTime={run.created_at}
          title={formatDateTime(run.created_at)}
          className="mr-7 ml-auto text-xs text-muted"
        >
          {formatAgo(run.created_at, now)}
        </time>
      </span>
      <span className="mt-1 block text-xs text-muted">{facts.join(' · ')}</span>
      {run.reason && <span className="mt-1 line-clamp-3 block text-xs">{run.reason}</span>}
    </button>
  )
}
