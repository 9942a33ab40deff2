import type { PodEvent } from '@/api/types'
import { cn } from '@/lib/cn'
import { formatAgo } from '@/lib/format'

/** What the cluster told of the pod, the newest first. */
export function PodEvents({ events }: { events: PodEvent[] }) {
  return (
    <details className="rounded-md border px-3 py-2 text-sm">
      <summary className="cursor-pointer">Events of the cluster ({events.length})</summary>
      <ul aria-label="Events of the cluster" className="mt-2 flex flex-col gap-1">
        {events.map((event) => (
          <li key={`${event.reason} ${event.at} ${event.message}`} className="text-xs">
            <span className={cn('font-medium', event.warning && 'text-bad')}>{event.reason}</span>{' '}
            <span className="text-muted">
              {event.at && formatAgo(event.at)}
              {event.times > 1 && ` · ${event.times} times`}
            </span>
            <p className="break-words">{event.message}</p>
          </li>
        ))}
      </ul>
    </details>
  )
}
