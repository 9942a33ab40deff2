import { useQuery } from '@tanstack/react-query'
import { Play } from 'lucide-react'
import { useState } from 'react'
import { useSearchParams } from 'react-router'
import { interactionsOptions, runsOptions } from '@/api/queries'
import type { Interaction, ProjectSummary, Session, States, Task } from '@/api/types'
import { useCardEditor } from '@/api/useCardEditor'
import { Badge } from '@/ui/badge'
import { Button } from '@/ui/button'
import { EmptyState, Loading } from '@/ui/states'
import { Tabs, TabsContent, TabsList, TabsTrigger } from '@/ui/tabs'
import { useRun } from './api'
import { AskCard } from './asks/AskCard'
import { CardHeader } from './CardHeader'
import { useCard } from './context'
import { DescriptionTab } from './details/DescriptionTab'
import { HistoryTab } from './history/HistoryTab'
import { isPending } from './model/asks'
import { verbsOf } from './model/status'
import { RunView } from './RunView'
import { ConversationTab } from './talk/ConversationTab'
import { FeedbackBox } from './talk/FeedbackBox'
import { QueuedMessages } from './talk/QueuedMessages'
import { useLostEdits } from './talk/useLostEdits'

export interface CardViewProps {
  project: ProjectSummary
  task: Task
  states: States
  full: boolean
  onFull: () => void
  onClose: () => void
}

const NO_RUNS: Session[] = []
const NO_INTERACTIONS: Interaction[] = []

export function CardView(props: CardViewProps) {
  const { task, states, project } = props
  const card = useCard()
  const runs = useQuery(runsOptions(card))
  const all = useQuery(interactionsOptions(card))
  const interactions = all.data ?? NO_INTERACTIONS
  useLostEdits(card.taskId, interactions)
  const list = runs.data ?? NO_RUNS
  const [search, setSearch] = useSearchParams()
  const run = list.find(({ id }) => id === search.get('run')) ?? list[0] ?? null
  const worked = Boolean(task.current_session_id || task.run)
  const [stays, setStays] = useState(false)
  // Whoever has written stays with the text, also when a run began meanwhile.
  const editor = useCardEditor(card, task, () => setStays(worked))
  const usual = worked && !editor.open && !stays ? 'output' : 'description'
  const tab = search.get('tab') ?? usual
  const verbs = verbsOf(task, states)
  const pending = interactions.filter(isPending)

  const go = (next: Record<string, string | null>) => {
    setSearch(
      (before) => {
        for (const [name, value] of Object.entries(next)) {
          if (value === null) before.delete(name)
          else before.set(name, value)
        }
        return before
      },
      { replace: true },
    )
  }
  const showRun = (chosen: Session) =>
    go({ tab: 'output', run: chosen.id === list[0]?.id ? null : chosen.id })

  return (
    <>
      <CardHeader {...props} verbs={verbs} />
      {pending.length > 0 && (
        <div className="flex max-h-[45%] shrink-0 flex-col gap-2 overflow-y-auto scroll-thin border-b bg-warn/5 p-3">
          {pending.map((interaction) => (
            <AskCard key={interaction.id} interaction={interaction} />
          ))}
        </div>
      )}
      <Tabs
        value={tab}
        onValueChange={(value) => go({ tab: value })}
        className="flex min-h-0 flex-1 flex-col"
      >
        <TabsList aria-label="Card" className="shrink-0 bg-surface">
          <TabsTrigger value="description">
            Description{editor.dirty && <Badge tone="warn">Not saved</Badge>}
          </TabsTrigger>
          <TabsTrigger value="output">Output</TabsTrigger>
          <TabsTrigger value="changes">Changes</TabsTrigger>
          <TabsTrigger value="conversation">Conversation</TabsTrigger>
          <TabsTrigger value="history">History{list.length > 1 && <Badge>{list.length}</Badge>}</TabsTrigger>
        </TabsList>
        <TabsContent value="description" className="overflow-y-auto scroll-thin">
          <DescriptionTab task={task} editor={editor} />
        </TabsContent>
        {run && (tab === 'output' || tab === 'changes') ? (
          <RunView
            key={run.id}
            run={run}
            tab={tab}
            newest={run.id === list[0]?.id}
            asks={interactions}
            demo={project.demo ?? false}
            onNewest={() => go({ run: null })}
          />
        ) : (
          <NoRun tab={tab} loading={runs.isPending} canRun={verbs.run} />
        )}
        <TabsContent value="conversation" className="overflow-y-auto scroll-thin">
          {all.isPending ? <Loading label="Reading…" /> : <ConversationTab interactions={interactions} />}
        </TabsContent>
        <TabsContent value="history" className="overflow-y-auto scroll-thin">
          <HistoryTab runs={list} shown={run?.id ?? null} onShow={showRun} />
        </TabsContent>
      </Tabs>
      {(tab === 'conversation' ||
        ((verbs.feedback || verbs.cancel) && tab !== 'description' && tab !== 'history')) && (
        <>
          <QueuedMessages
            status={task.status}
            messages={interactions.filter(({ state }) => state === 'queued')}
          />
          <FeedbackBox status={task.status} enabled={verbs.feedback || verbs.cancel} />
        </>
      )}
    </>
  )
}

function NoRun({ tab, loading, canRun }: { tab: string; loading: boolean; canRun: boolean }) {
  const { mutate, isPending: starting } = useRun(useCard())
  if (tab !== 'output' && tab !== 'changes') return null
  return (
    <TabsContent value={tab}>
      {loading ? (
        <Loading label="Looking for runs…" />
      ) : (
        <EmptyState
          icon={<Play aria-hidden />}
          title="This card has not run yet"
          action={
            canRun && (
              <Button variant="primary" busy={starting} onClick={() => mutate()}>
                {!starting && <Play aria-hidden />} Execute
              </Button>
            )
          }
        >
          Execute it, and you see here what the agent does while it does it.
        </EmptyState>
      )}
    </TabsContent>
  )
}
