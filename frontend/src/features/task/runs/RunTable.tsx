import { Link } from 'react-router'
import type { Session } from '@/api/types'
import { formatAgo, formatCost, formatDateTime, formatDuration, formatTokens, plural } from '@/lib/format'
import { useNow } from '@/lib/useNow'
import { Badge } from '@/ui/badge'
import { RunMenu } from '../history/RunMenu'
import { isActive, runDuration, sayRun, totalTokens } from '../model/verdict'

/** More of a prompt than this is read in the card. */
const PROMPT_HINT = 600

/** A table where there is room for one, else a list of the same facts. */
export function RunTable({ runs, baseUrl }: { runs: Session[]; baseUrl: string }) {
  const now = useNow(true, runs.some((run) => isActive(run.status)) ? 1000 : 30_000)
  return (
    <table className="w-full text-sm max-md:block">
      <thead className="max-md:sr-only">
        <tr className="border-b text-left text-xs text-muted">
          {['Card', 'State', 'Begun', 'Took', 'Tokens', 'Cost', 'Config', 'By'].map((title) => (
            <th key={title} scope="col" className="py-1.5 pr-4 font-medium">
              {title}
            </th>
          ))}
          <th scope="col">
            <span className="sr-only">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody className="divide-y max-md:block">
        {runs.map((run) => (
          <Row key={run.id} run={run} baseUrl={baseUrl} now={now} />
        ))}
      </tbody>
    </table>
  )
}

/** The prompt of a card begins with its title, which stands above already. */
function withoutTitle({ prompt, task_title: title }: Session): string {
  const heading = `# ${title}\n`
  return prompt.startsWith(heading) ? prompt.slice(heading.length).trimStart() : prompt
}

function Row({ run, baseUrl, now }: { run: Session; baseUrl: string; now: number }) {
  const said = sayRun(run)
  const duration = runDuration(run, now)
  const tokens = totalTokens({ ...run.tokens })
  return (
    <tr className="relative align-top max-md:flex max-md:flex-wrap max-md:items-center max-md:gap-x-3 max-md:gap-y-1 max-md:py-2.5 max-md:pr-8 md:[&>td]:py-2 md:[&>td]:pr-4">
      <td className="min-w-0 max-md:w-full">
        <Link
          to={`${baseUrl}/t/${run.task_id}?tab=output&run=${run.id}`}
          className="font-medium break-words hover:underline"
        >
          {run.task_title}
        </Link>
        {run.kind === 'feedback' && <span className="ml-2 text-xs text-muted">feedback</span>}
        {run.rerun_of && <span className="ml-2 text-xs text-muted">repeated</span>}
        {run.children.length > 0 && (
          <span className="ml-2 text-xs text-muted">{plural(run.children.length, 'sub-agent')}</span>
        )}
        <p className="line-clamp-1 text-xs break-words text-muted" title={run.prompt.slice(0, PROMPT_HINT)}>
          {withoutTitle(run)}
        </p>
        {run.reason && <p className="line-clamp-2 text-xs break-words">{run.reason}</p>}
      </td>
      <td>
        <Badge tone={said.tone}>{said.label}</Badge>
        {run.exit_code !== null && (
          <span className="font-mono text-xs whitespace-nowrap text-muted max-md:ml-2 md:block md:pt-0.5">
            exit {run.exit_code}
          </span>
        )}
      </td>
      <td className="whitespace-nowrap text-muted">
        <time dateTime={run.created_at} title={formatDateTime(run.created_at)}>
          {formatAgo(run.created_at, now)}
        </time>
      </td>
      <td className="whitespace-nowrap text-muted">{duration !== null && formatDuration(duration)}</td>
      <td className="whitespace-nowrap text-muted">
        {tokens > 0 && formatTokens(tokens)}
        {tokens > 0 && <span className="md:hidden"> tokens</span>}
      </td>
      <td className="whitespace-nowrap text-muted">{tokens > 0 && formatCost(run.cost)}</td>
      <td className="whitespace-nowrap text-muted">v{run.config_version}</td>
      <td className="max-w-32 truncate text-muted" title={run.created_by_name ?? undefined}>
        {run.created_by_name}
      </td>
      <td className="max-md:absolute max-md:top-1.5 max-md:right-0">
        <RunMenu run={run} />
      </td>
    </tr>
  )
}
