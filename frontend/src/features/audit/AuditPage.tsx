import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Download, ScrollText } from 'lucide-react'
import { useRef } from 'react'
import { describe } from '@/api/errors'
import { meOptions } from '@/api/options'
import { listAccountAudit, listAudit } from '@/api/sdk'
import type { AuditEntry, ProjectSummary } from '@/api/types'
import { useDebounced } from '@/lib/useDebounced'
import { Button } from '@/ui/button'
import { ShowOlder } from '@/ui/show-older'
import { EmptyState, ErrorState, Loading } from '@/ui/states'
import { AuditTable } from './AuditTable'
import { nameOf } from './actions'
import { Filters, type Person } from './Filters'
import { type AuditFilter, NO_FILTER, queryOf, useAuditFilter } from './filter'

const PAGE = 50
const TYPING = 250

/** What happened and who did it: in a project, or, without one, with one's own account. */
export default function AuditPage({ project }: { project?: ProjectSummary }) {
  // A project's pages stand below its name.
  const Heading = project ? 'h2' : 'h1'
  const [filter, setFilter] = useAuditFilter()
  const me = useQuery(meOptions())
  const query = useLines(project?.id, useDebounced(filter, TYPING))
  const filtered = Object.values(filter).some(Boolean)
  const lines: AuditEntry[] = query.data?.pages.flatMap((page) => page.items) ?? []
  const people = usePeople(lines, filter.user, me.data?.user.id)
  return (
    <div className="min-h-0 flex-1 overflow-y-auto scroll-thin">
      <div className="mx-auto flex max-w-5xl flex-col gap-4 p-4">
        <header className="flex flex-wrap items-end gap-3">
          <div className="min-w-0 flex-1">
            <Heading className="text-lg font-semibold">{project ? 'Audit log' : 'Your sign-ins'}</Heading>
            <p className="text-sm text-muted">
              {project
                ? 'Who did what in this project. No prompts, file contents or keys are written here.'
                : 'When and from where your account was used.'}
            </p>
          </div>
          {lines.length > 0 && <Exports project={project} filter={filter} />}
        </header>
        <Filters filter={filter} onChange={setFilter} people={project ? people : null} />
        {query.isPending ? (
          <Loading label="Reading the log" />
        ) : query.isError ? (
          <ErrorState
            title="The log could not be read"
            {...describe(query.error)}
            onRetry={() => void query.refetch()}
          />
        ) : lines.length === 0 ? (
          <EmptyState
            icon={<ScrollText aria-hidden />}
            title={filtered ? 'Nothing matches' : 'Nothing has happened yet'}
            action={filtered && <Button onClick={() => setFilter(NO_FILTER)}>Clear the filters</Button>}
          />
        ) : (
          <>
            <AuditTable lines={lines} me={me.data?.user.id} onNarrow={project ? setFilter : undefined} />
            <ShowOlder {...query} />
          </>
        )}
      </div>
    </div>
  )
}

function useLines(project: string | undefined, filter: AuditFilter) {
  return useInfiniteQuery({
    queryKey: ['audit', project ?? 'account', filter],
    queryFn: ({ pageParam }) => {
      const query = { ...queryOf(filter), limit: PAGE, ...(pageParam && { cursor: pageParam }) }
      return project ? listAudit({ path: { project }, query }) : listAccountAudit({ query })
    },
    initialPageParam: '',
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    staleTime: 0,
  })
}

/** Everybody who was seen in the log so far: there is no other list of people, and one chosen stays on it. */
function usePeople(lines: AuditEntry[], chosen: string | undefined, me: string | undefined): Person[] {
  const seen = useRef(new Map<string, string>())
  if (me) seen.current.set(me, 'You')
  if (chosen && !seen.current.has(chosen)) seen.current.set(chosen, nameOf(chosen, null, me))
  for (const { user_id: id, user_name: name } of lines) if (id) seen.current.set(id, nameOf(id, name, me))
  return [...seen.current].map(([id, name]) => ({ id, name }))
}

function Exports({ project, filter }: { project: ProjectSummary | undefined; filter: AuditFilter }) {
  const log = project ? `/api/projects/${project.id}/audit` : '/api/audit'
  const address = (format: string) => `${log}/export?${new URLSearchParams({ ...queryOf(filter), format })}`
  return (
    <div className="flex gap-2">
      <Button asChild>
        <a href={address('csv')} download>
          <Download aria-hidden /> CSV
        </a>
      </Button>
      <Button asChild>
        <a href={address('jsonl')} download>
          <Download aria-hidden /> JSON lines
        </a>
      </Button>
    </div>
  )
}
