import { useInfiniteQuery } from '@tanstack/react-query'
import { describe } from '@/api/errors'
import { historyOptions } from '@/api/queries'
import type { TaskEvent } from '@/api/types'
import { formatAgo, formatDateTime } from '@/lib/format'
import { ShowOlder } from '@/ui/show-older'
import { ErrorState, Loading } from '@/ui/states'
import { useCard } from '../context'
import { eventInWords, reasonOf } from '../model/timeline'

/** Everything that happened to the card, newest first: what, by whom and why. */
export function Timeline() {
  const history = useInfiniteQuery(historyOptions(useCard()))
  if (history.isPending) return <Loading label="Reading the history…" className="py-4" />
  if (history.isError) {
    return (
      <ErrorState
        title="The history cannot be shown"
        {...describe(history.error)}
        onRetry={() => void history.refetch()}
      />
    )
  }
  return (
    <section aria-labelledby="timeline-heading">
      <h3 id="timeline-heading" className="mb-2 text-xs font-medium text-muted">
        Timeline
      </h3>
      <ol className="flex flex-col gap-1.5">
        {history.data.pages
          .flatMap((page) => page.items)
          .map((event) => (
            <EventRow key={event.id} event={event} />
          ))}
      </ol>
      <div className="mt-3 flex flex-col">
        <ShowOlder {...history} />
      </div>
    </section>
  )
}

function EventRow({ event }: { event: TaskEvent }) {
  const reason = reasonOf(event)
  return (
    <li className="flex gap-2 text-sm">
      <span className="min-w-0 flex-1 break-words">
        {eventInWords(event)}
        {event.actor_name && <span className="text-muted"> · {event.actor_name}</span>}
        {reason && <span className="line-clamp-3 block text-xs text-muted">{reason}</span>}
      </span>
      <time
        dateTime={event.created_at}
        title={formatDateTime(event.created_at)}
        className="shrink-0 text-xs leading-5 text-muted"
      >
        {formatAgo(event.created_at)}
      </time>
    </li>
  )
}
