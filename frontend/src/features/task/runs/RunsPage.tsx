import { useInfiniteQuery } from '@tanstack/react-query'
import { Bot } from 'lucide-react'
import { describe } from '@/api/errors'
import { listSessionsQueryKey } from '@/api/options'
import { listSessions } from '@/api/sdk'
import type { ProjectSummary } from '@/api/types'
import { Button } from '@/ui/button'
import { Field } from '@/ui/field'
import { Input } from '@/ui/input'
import { Select } from '@/ui/select'
import { ShowOlder } from '@/ui/show-older'
import { EmptyState, ErrorState, Loading } from '@/ui/states'
import { sayRun } from '../model/verdict'
import { type RunFilter, STATES, useRunFilter } from './filter'
import { RunTable } from './RunTable'

const PAGE = 50
/** Radix has no option without a value. */
const ALL = 'all'

/** Every run of a project, newest first; they stay readable when the pod is gone. */
export default function RunsPage({ project, baseUrl }: { project: ProjectSummary; baseUrl: string }) {
  const [filter, setFilter] = useRunFilter()
  const query = useRuns(project.id, filter)
  const filtered = Object.values(filter).some(Boolean)
  const runs = query.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <div className="min-h-0 flex-1 overflow-y-auto scroll-thin">
      <div className="mx-auto flex max-w-5xl flex-col gap-4 p-4">
        <header>
          <h2 className="text-lg font-semibold">Runs</h2>
          <p className="text-sm text-muted">
            What the agent was given to do, how it ended, and what it took.
          </p>
        </header>
        <Filters filter={filter} onChange={setFilter} />
        {query.isPending ? (
          <Loading label="Reading the runs" />
        ) : query.isError ? (
          <ErrorState
            title="The runs could not be read"
            {...describe(query.error)}
            onRetry={() => void query.refetch()}
          />
        ) : runs.length === 0 ? (
          <EmptyState
            icon={<Bot aria-hidden />}
            title={filtered ? 'Nothing matches' : 'No run yet'}
            action={
              filtered && (
                <Button onClick={() => setFilter({ q: undefined, status: undefined })}>
                  Clear the filters
                </Button>
              )
            }
          >
            {!filtered && 'Execute a card on the board, and it is kept here.'}
          </EmptyState>
        ) : (
          <>
            <RunTable runs={runs} baseUrl={baseUrl} />
            <ShowOlder {...query} />
          </>
        )}
      </div>
    </div>
  )
}

function useRuns(project: string, { q, status }: RunFilter) {
  const filter = { ...(q && { q }), ...(status && { status: [status] }) }
  return useInfiniteQuery({
    queryKey: [...listSessionsQueryKey({ path: { project }, query: filter }), 'pages'],
    queryFn: ({ pageParam, signal }) => {
      const query = { ...filter, limit: PAGE, ...(pageParam && { cursor: pageParam }) }
      return listSessions({ path: { project }, query, signal })
    },
    initialPageParam: '',
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  })
}

function Filters({ filter, onChange }: { filter: RunFilter; onChange: (change: RunFilter) => void }) {
  const options = [
    { value: ALL, label: 'Every state' },
    ...STATES.map((value) => ({ value, label: sayRun({ status: value, verdict: null }).label })),
  ]
  return (
    <search aria-label="Filter the runs" className="flex flex-wrap gap-3">
      <Field label="Card or prompt" className="min-w-48 flex-1">
        {(control) => (
          <Input
            {...control}
            type="search"
            maxLength={200}
            value={filter.q ?? ''}
            onChange={(event) => onChange({ q: event.target.value || undefined })}
          />
        )}
      </Field>
      <Field label="State" className="w-full sm:w-48">
        {(control) => (
          <Select
            {...control}
            aria-label="State"
            value={filter.status ?? ALL}
            options={options}
            onValueChange={(value) => onChange({ status: STATES.find((state) => state === value) })}
          />
        )}
      </Field>
    </search>
  )
}
