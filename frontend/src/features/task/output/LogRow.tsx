import { Bot, Brain, CircleAlert, RotateCw } from 'lucide-react'
import { memo } from 'react'
import type { Interaction } from '@/api/types'
import { cn } from '@/lib/cn'
import { formatCost, formatDuration, formatTokens } from '@/lib/format'
import { Badge } from '@/ui/badge'
import { Markdown } from '@/ui/markdown'
import { AskCard } from '../asks/AskCard'
import type { Completion } from '../model/output'
import type { Row } from '../model/rows'
import { sayVerdict, totalTokens } from '../model/verdict'
import { Disclosure } from './Disclosure'
import { useFileLinks } from './fileLinks'
import { ToolCall } from './ToolCall'

export interface LogRowProps {
  row: Row
  asks: Interaction[]
}

export const LogRow = memo(function LogRow({ row, asks }: LogRowProps) {
  return (
    <div className={cn('px-4 py-1.5', row.nested && 'ml-5 border-l-2 border-line-strong/50 pl-3')}>
      <Content row={row} asks={asks} />
    </div>
  )
})

function Content({ row: { item }, asks }: LogRowProps) {
  switch (item.kind) {
    case 'text':
      return <Said text={item.text} />
    case 'reasoning':
      return (
        <Disclosure
          summary={
            <span className="flex items-center gap-1.5">
              <Brain aria-hidden className="size-3.5" /> Thoughts
            </span>
          }
        >
          <Said text={item.text} className="border-l-2 pl-3 text-sm text-muted" />
        </Disclosure>
      )
    case 'tool':
      return <ToolCall call={item.call} />
    case 'ask': {
      const interaction = asks.find(({ id }) => id === item.interactionId)
      if (!interaction) return <p className="text-sm text-muted">The agent asks for a {item.ask}…</p>
      return <AskCard interaction={interaction} compact />
    }
    case 'child':
      return (
        <h3 className="flex items-center gap-1.5 pt-1 text-sm font-semibold">
          <Bot aria-hidden className="size-4 text-faint" /> {item.title}
        </h3>
      )
    case 'retry':
      return (
        <p className="flex items-start gap-1.5 text-sm text-warn">
          <RotateCw aria-hidden className="mt-0.5 size-3.5 shrink-0" />
          <span className="min-w-0 break-words">
            {item.attempt !== null && `Attempt ${item.attempt}: `}
            {item.message}
          </span>
        </p>
      )
    case 'error':
      return (
        <p className="flex items-start gap-1.5 rounded-md border border-bad/40 bg-bad/5 px-3 py-2 text-sm text-bad">
          <CircleAlert aria-hidden className="mt-0.5 size-3.5 shrink-0" />
          <span className="min-w-0 break-words">
            <span className="font-medium">{item.name}:</span> {item.message}
          </span>
        </p>
      )
    case 'completion':
      return <End completion={item.completion} />
  }
}

/** What the agent says; files it names are links. */
function Said(props: { text: string; className?: string }) {
  return <Markdown {...props} links={useFileLinks()} />
}

function End({ completion }: { completion: Completion }) {
  const said = sayVerdict(completion.verdict)
  const tokens = totalTokens(completion.tokens)
  const facts = [
    completion.durationMs !== null && formatDuration(completion.durationMs),
    tokens > 0 && `${formatTokens(tokens)} tokens`,
    tokens > 0 && formatCost(completion.cost),
  ].filter(Boolean)
  return (
    <div className="mt-1 mb-2 rounded-md border bg-surface px-3 py-2">
      <div className="flex flex-wrap items-center gap-2 text-sm text-muted">
        <Badge tone={said.tone}>{said.label}</Badge>
        {facts.join(' · ')}
      </div>
      {completion.reason && <p className="mt-1.5 text-sm">{completion.reason}</p>}
    </div>
  )
}
