import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Download, ScrollText } from 'lucide-react'
import { useRef } from 'react'
import { onDownloadLink } from '@/api/download'
import { describe } from '@/api/errors'
import { meOptions } from '@/api/options'
import { listAccountAudit, listAccountsAudit, listAudit } from '@/api/sdk'
import type { AuditEntry, ProjectSummary } from '@/api/types'
import { useDebounced } from '@/lib/useDebounced'
import { Button } from '@/ui/button'
import { ShowOlder } from '@/ui/show-older'
import { EmptyState, ErrorState, Loading } from '@/ui/states'
import { AuditTable } from './AuditTable'
import { ACTIONS, actionsOf, nameOf } from './actions'
import { Filters, type Person } from './Filters'
import { type AuditFilter, NO_FILTER, queryOf, useAuditFilter } from './filter'

const PAGE = 50
const TYPING = 250

type Kind = 'project' | 'account' | 'accounts'

const LOGS: Record<Kind, { title: string; says: string; actions: string[] }> = {
  project: {
    title: 'Audit log',
    says: 'Who did what in this project. No prompts, file contents or keys are written here.',
    actions: actionsOf('project'),
  },
  account: {
    title: 'Your sign-ins',
    says: 'When and from where your account was used, and what was done in projects deleted since.',
    actions: ACTIONS,
  },
  accounts: {
    title: 'All accounts',
    says: 'Who came in, who was refused and who was shut out. Nothing here is about anybody’s projects.',
    actions: actionsOf('account'),
  },
}

interface AuditPageProps {
  project?: ProjectSummary
  /** For administrators. */
  everybody?: boolean
}

/** What happened and who did it: in a project, with one's own account, or with those of everybody. */
export default function AuditPage({ project, everybody = false }: AuditPageProps) {
  const kind: Kind = project ? 'project' : everybody ? 'accounts' : 'account'
  const { title, says, actions } = LOGS[kind]
  // A project's pages stand below its name.
  const Heading = project ? 'h2' : 'h1'
  const [filter, setFilter] = useAuditFilter()
  const me = useQuery(meOptions())
  const query = useLines(kind, project?.id, useDebounced(filter, TYPING))
  const filtered = Object.values(filter).some(Boolean)
  const lines: AuditEntry[] = query.data?.pages.flatMap((page) => page.items) ?? []
  const people = usePeople(lines, filter.user, me.data?.user.id)
  return (
    <div className="min-h-0 flex-1 overflow-y-auto scroll-thin">
      <div className="mx-auto flex max-w-5xl flex-col gap-4 p-4">
        <header className="flex flex-wrap items-end gap-3">
          <div className="min-w-0 flex-1">
            <Heading className="text-lg font-semibold">{title}</Heading>
            <p className="text-sm text-muted">{says}</p>
          </div>
          {lines.length > 0 && <Exports log={addressOf(kind, project?.id)} filter={filter} />}
        </header>
        <Filters
          filter={filter}
          onChange={setFilter}
          actions={actions}
          people={kind === 'account' ? null : people}
          things={kind === 'project'}
        />
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

function useLines(kind: Kind, project: string | undefined, filter: AuditFilter) {
  return useInfiniteQuery({
    queryKey: ['audit', project ?? kind, filter],
    queryFn: ({ pageParam }) => {
      const query = { ...queryOf(filter), limit: PAGE, ...(pageParam && { cursor: pageParam }) }
      if (project) return listAudit({ path: { project }, query })
      return kind === 'accounts' ? listAccountsAudit({ query }) : listAccountAudit({ query })
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

function addressOf(kind: Kind, project: string | undefined): string {
  if (project) return `/api/projects/${project}/audit`
  return kind === 'accounts' ? '/api/audit/accounts' : '/api/audit'
}

function Exports({ log, filter }: { log: string; filter: AuditFilter }) {
  const address = (format: string) => `${log}/export?${new URLSearchParams({ ...queryOf(filter), format })}`
  return (
    <div className="flex gap-2">
      <Button asChild>
        <a href={address('csv')} download onClick={onDownloadLink}>
          <Download aria-hidden /> CSV
        </a>
      </Button>
      <Button asChild>
        <a href={address('jsonl')} download onClick={onDownloadLink}>
          <Download aria-hidden /> JSON lines
        </a>
      </Button>
    </div>
  )
}
