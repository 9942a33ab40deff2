import type { AuditEntry } from '@/api/types'
import { formatAgo, formatDateTime } from '@/lib/format'
import { useNow } from '@/lib/useNow'
import { Badge } from '@/ui/badge'
import { detailsOf, nameOf, OUTCOMES, RESOURCES, wordsFor } from './actions'
import type { AuditFilter } from './filter'

interface AuditTableProps {
  lines: AuditEntry[]
  /** Id of the person who looks. */
  me: string | undefined
  /** Takes a person or a thing of a line for the filter. */
  onNarrow?: (filter: AuditFilter) => void
}

/** A table; on a phone each line becomes a block, with the same cells. */
export function AuditTable({ lines, me, onNarrow }: AuditTableProps) {
  const now = useNow(true, 30_000)
  return (
    <table className="w-full text-sm max-md:block">
      <thead className="max-md:sr-only">
        <tr className="border-b text-left text-xs text-muted">
          {['When', 'What', 'Who', 'About', 'From'].map((title) => (
            <th key={title} scope="col" className="py-1.5 pr-4 font-medium">
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody className="divide-y max-md:block">
        {lines.map((line) => (
          <tr
            key={line.id}
            className="align-top max-md:flex max-md:flex-wrap max-md:gap-x-3 max-md:py-2.5 md:[&>td]:py-2 md:[&>td]:pr-4"
          >
            <td className="whitespace-nowrap text-muted max-md:order-2 max-md:text-xs">
              <time dateTime={line.created_at} title={formatDateTime(line.created_at)}>
                {formatAgo(line.created_at, now)}
              </time>
            </td>
            <td className="font-medium max-md:order-1 max-md:w-full md:whitespace-nowrap">
              {wordsFor(line.action)}{' '}
              {line.outcome !== 'success' && <Badge tone="bad">{OUTCOMES[line.outcome]}</Badge>}
            </td>
            <td className="whitespace-nowrap max-md:order-3 max-md:text-xs">
              <Who line={line} me={me} onNarrow={onNarrow} />
            </td>
            <td className="min-w-0 break-words text-muted max-md:order-5 max-md:w-full max-md:text-xs">
              <About line={line} onNarrow={onNarrow} />
            </td>
            <td className="min-w-0 text-muted max-md:order-4 max-md:text-xs">
              <From line={line} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

interface CellProps {
  line: AuditEntry
  onNarrow?: (filter: AuditFilter) => void
}

const NARROWS = 'rounded text-left break-words decoration-dotted underline-offset-2 hover:underline'

function Who({ line: { user_id: id, user_name: name }, me, onNarrow }: CellProps & { me?: string }) {
  if (id === null) return name ?? 'The server'
  const shown = nameOf(id, name, me)
  if (!onNarrow) return shown
  return (
    <button
      type="button"
      className={NARROWS}
      title="Only what this person did"
      onClick={() => onNarrow({ user: id })}
    >
      {shown}
    </button>
  )
}

/** What the browser calls itself is long, and is read also where nothing can be hovered over. */
function From({ line: { ip_address: address, user_agent: agent, request_id: request } }: CellProps) {
  return (
    <>
      {agent ? (
        <details>
          <summary className="cursor-pointer">
            {address ?? 'Unknown address'}
            <span className="sr-only"> with this browser or program</span>
          </summary>
          <p className="max-w-64 text-xs break-words">{agent}</p>
        </details>
      ) : (
        address
      )}
      {request && (
        <code
          className="block font-mono text-xs text-faint select-all"
          title="Request id, as in the server's log"
        >
          {request.slice(0, 8)}
        </code>
      )}
    </>
  )
}

function About({ line, onNarrow }: CellProps) {
  const { resource_type: kind, resource_id: id } = line
  const details = detailsOf(line)
  const subject = kind === 'file' && id ? id : (RESOURCES[kind] ?? kind.replaceAll('_', ' '))
  return (
    <>
      {onNarrow && id ? (
        <button
          type="button"
          className={NARROWS}
          title={`Only what is about this: ${id}`}
          onClick={() => onNarrow({ resource: kind, id })}
        >
          {subject}
        </button>
      ) : (
        subject
      )}
      {details && ` · ${details}`}
    </>
  )
}
