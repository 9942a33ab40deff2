import { CircleAlert, CircleHelp, Eye, KeyRound } from 'lucide-react'
import { Link } from 'react-router'
import type { Attention } from '@/api/types'
import { askedCard, canBeAnswered, useAnswering } from '@/lib/answering'
import { excerptOf, formatAgo } from '@/lib/format'
import { useNow } from '@/lib/useNow'
import { Button } from '@/ui/button'
import { Card } from '@/ui/card'
import { byUrgency } from './model'

const KINDS = {
  permission: { icon: KeyRound, label: 'Needs permission', color: 'text-warn' },
  question: { icon: CircleHelp, label: 'Asks a question', color: 'text-info' },
  failed: { icon: CircleAlert, label: 'Failed', color: 'text-bad' },
  review: { icon: Eye, label: 'Waits for review', color: 'text-accent-ink' },
} as const

/** What waits for a human, across all projects. */
export function AttentionList({ items }: { items: Attention[] }) {
  const now = useNow(true, 15_000)
  const answering = useAnswering()
  return (
    <section aria-labelledby="attention">
      <h2 id="attention" className="mb-2 text-sm font-semibold">
        Needs your attention
      </h2>
      <Card>
        <ul className="divide-y">
          {byUrgency(items).map((item) => {
            const { icon: Icon, label, color } = KINDS[item.kind]
            const card = askedCard(item)
            return (
              <li key={`${item.task_id}-${item.interaction_id ?? item.kind}`} className="flex items-center">
                <Link
                  to={card.url}
                  className="flex min-w-0 flex-1 items-start gap-3 px-3.5 py-2.5 -outline-offset-2 hover:bg-hover"
                >
                  <Icon aria-hidden className={`mt-0.5 size-4 shrink-0 ${color}`} />
                  <span className="min-w-0 flex-1">
                    <span className="block truncate text-sm font-medium">{item.task_title}</span>
                    <span className="line-clamp-1 text-xs text-muted">
                      {label}
                      {item.text && `: ${excerptOf(item.text)}`}
                    </span>
                  </span>
                  <span className="shrink-0 text-right text-xs text-faint">
                    <span className="block max-w-40 truncate">{item.project_name}</span>
                    {formatAgo(item.since, now)}
                  </span>
                </Link>
                {answering && canBeAnswered(item.kind) && (
                  <Button
                    size="sm"
                    className="mr-3"
                    aria-label={`Reply to ${item.task_title}`}
                    onClick={() => answering(card)}
                  >
                    Reply
                  </Button>
                )}
              </li>
            )
          })}
        </ul>
      </Card>
    </section>
  )
}
