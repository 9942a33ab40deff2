import { CornerDownRight } from 'lucide-react'
import type { SubAgent } from '@/api/types'
import { formatCost, formatDuration, formatTokens } from '@/lib/format'
import { Badge } from '@/ui/badge'
import { totalTokens } from '../model/verdict'

/** The conversations that a run's agent held with agents of its own making, each under the one that made it. */
export function SubAgents({ children }: { children: SubAgent[] }) {
  if (children.length === 0) return null
  const depths = new Map<string, number>()
  for (const child of children) depths.set(child.id, child.parent ? (depths.get(child.parent) ?? 0) + 1 : 0)
  return (
    <ul aria-label="Sub-agents" className="mt-1 flex flex-col gap-1 pl-3">
      {children.map((child) => (
        <li
          key={child.id}
          className="flex items-start gap-1.5 text-xs text-muted"
          style={{ paddingLeft: `${Math.min(depths.get(child.id) ?? 0, 4)}rem` }}
        >
          <CornerDownRight aria-hidden className="mt-0.5 size-3 shrink-0" />
          <span className="min-w-0 break-words">
            <span className="text-ink">{child.title}</span>
            {child.state !== 'finished' && (
              <Badge tone={child.state === 'failed' ? 'bad' : 'neutral'} className="ml-1.5">
                {child.state === 'failed' ? 'Failed' : 'Unfinished'}
              </Badge>
            )}{' '}
            {facts(child)}
            {child.reason && <span className="block">{child.reason}</span>}
          </span>
        </li>
      ))}
    </ul>
  )
}

function facts(child: SubAgent): string {
  const tokens = totalTokens({ ...child.tokens })
  return [
    child.duration_ms !== null && formatDuration(child.duration_ms),
    tokens > 0 && `${formatTokens(tokens)} tokens`,
    tokens > 0 && formatCost(child.cost),
  ]
    .filter(Boolean)
    .join(' · ')
}
