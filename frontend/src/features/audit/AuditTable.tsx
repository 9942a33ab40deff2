import type { AuditEntry } from '@/api/types'
import { formatAgo, formatDateTime } from '@/lib/format'
import { useNow } from '@/lib/useNow'
import { detailsOf, wordsFor } from './actions'

interface AuditTableProps {
  lines: AuditEntry[]
  /** Id of the person who looks. */
  me: string | undefined
}

/** A table; on a phone each line becomes a block, with the same cells. */
export function AuditTable({ lines, me }: AuditTableProps) {
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
              {wordsFor(line.action)}
            </td>
            <td className="whitespace-nowrap max-md:order-3 max-md:text-xs">{who(line, me)}</td>
            <td className="min-w-0 break-words text-muted max-md:order-5 max-md:w-full max-md:text-xs">
              {about(line)}
            </td>
            <td className="text-muted max-md:order-4 max-md:text-xs" title={line.user_agent ?? undefined}>
              {line.ip_address}
              {line.request_id && (
                <code
                  className="block font-mono text-xs text-faint select-all"
                  title="Request id, as in the server's log"
                >
                  {line.request_id.slice(0, 8)}
                </code>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function who(line: AuditEntry, me: string | undefined): string {
  if (line.user_id === null) return 'The server'
  return line.user_id === me ? 'You' : `User ${line.user_id.slice(-6)}`
}

function about(line: AuditEntry): string {
  const details = detailsOf(line)
  const subject = line.resource_type === 'file' ? line.resource_id : line.resource_type.replaceAll('_', ' ')
  return details ? `${subject} · ${details}` : (subject ?? '')
}
