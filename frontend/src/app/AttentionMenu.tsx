import { useQuery } from '@tanstack/react-query'
import { Bell } from 'lucide-react'
import { useNavigate } from 'react-router'
import { attentionOptions } from '@/api/queries'
import type { Attention } from '@/api/types'
import { type Answering, askedCard, canBeAnswered } from '@/lib/answering'
import { excerptOf, formatAgo } from '@/lib/format'
import { Button } from '@/ui/button'
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuItem,
  DropdownMenuLabel,
  DropdownMenuTrigger,
} from '@/ui/dropdown-menu'

/** Everything, in all projects, that waits for this person. */
export function AttentionMenu({ onAnswer }: { onAnswer: Answering }) {
  const { data } = useQuery(attentionOptions())
  const navigate = useNavigate()
  const items = data?.items ?? []
  const label = items.length === 0 ? 'Nothing needs you' : `${items.length} need your attention`
  const choose = (item: Attention) => {
    const card = askedCard(item)
    if (!canBeAnswered(item.kind)) return void navigate(card.url)
    // The menu gives the focus back as it goes; a dialog that is open already would lose it.
    requestAnimationFrame(() => onAnswer(card))
  }
  return (
    <DropdownMenu>
      <DropdownMenuTrigger asChild>
        <Button variant="ghost" size="icon" aria-label={label} title={label} className="relative">
          <Bell aria-hidden />
          {items.length > 0 && (
            <span
              aria-hidden
              className="absolute top-0 right-0 flex h-4 min-w-4 items-center justify-center rounded-full bg-warn px-1 text-[10px] leading-none font-semibold text-canvas"
            >
              {items.length}
            </span>
          )}
        </Button>
      </DropdownMenuTrigger>
      <DropdownMenuContent align="end" className="max-h-96 w-80">
        <DropdownMenuLabel>{label}</DropdownMenuLabel>
        {items.map((item) => (
          <DropdownMenuItem
            key={`${item.task_id}-${item.interaction_id ?? item.kind}`}
            className="flex-col items-start gap-0.5"
            onSelect={() => choose(item)}
          >
            <span className="line-clamp-1 font-medium">{item.task_title}</span>
            <span className="line-clamp-2 text-xs text-muted">{excerptOf(item.text)}</span>
            <span className="text-xs text-faint">
              {item.project_name} · {formatAgo(item.since)}
            </span>
          </DropdownMenuItem>
        ))}
      </DropdownMenuContent>
    </DropdownMenu>
  )
}
