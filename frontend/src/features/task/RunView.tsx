import { useQuery } from '@tanstack/react-query'
import { getConfigVersionOptions } from '@/api/options'
import type { Interaction, Session } from '@/api/types'
import { Badge } from '@/ui/badge'
import { Button } from '@/ui/button'
import { Loading } from '@/ui/states'
import { TabsContent } from '@/ui/tabs'
import { useCard } from './context'
import { ChangesTab } from './diff/ChangesTab'
import { useOutput } from './model/useOutput'
import { isActive } from './model/verdict'
import { OutputLog } from './output/OutputLog'
import { StatusLine } from './output/StatusLine'
import { TodoList } from './output/TodoList'

export interface RunViewProps {
  run: Session
  tab: string
  newest: boolean
  asks: Interaction[]
  /** The project's model is the demo now; what an older run worked with is looked up. */
  demo: boolean
  onNewest: () => void
}

/** Output and changes of one run; the stream goes on while the reader looks at either. */
export function RunView({ run, tab, newest, asks, demo: demoNow, onNewest }: RunViewProps) {
  const card = useCard()
  const demo = useDemo(card.projectId, run, demoNow)
  const { output, connection } = useOutput(card.projectId, card.taskId, run.id)
  const active = isActive(run.status) && output.completion === null
  const empty = output.items.length === 0
  return (
    <TabsContent value={tab} className="flex flex-col overflow-hidden">
      {(demo || !newest) && (
        <div className="flex flex-wrap items-center gap-2 border-b bg-surface px-4 py-1.5 text-sm text-muted">
          {demo && <Badge tone="accent">Demo model (scripted)</Badge>}
          {!newest && (
            <>
              An earlier run
              <Button size="sm" variant="link" onClick={onNewest}>
                Show the newest
              </Button>
            </>
          )}
        </div>
      )}
      {tab === 'output' ? (
        <>
          <TodoList todos={output.todos} />
          {empty && !active ? (
            <Nothing connection={connection} reason={run.reason} />
          ) : (
            <OutputLog output={output} asks={asks} />
          )}
          {active && (
            <StatusLine
              status={output.status}
              connection={connection}
              queuePosition={run.queue_position}
              waitsFor={run.waits_for}
            />
          )}
        </>
      ) : (
        <div className="min-h-0 flex-1 overflow-y-auto scroll-thin">
          <ChangesTab
            projectId={card.projectId}
            taskId={card.taskId}
            run={run}
            touched={output.files.length}
          />
        </div>
      )}
    </TabsContent>
  )
}

function useDemo(projectId: string, run: Session, now: boolean): boolean {
  const path = { project: projectId, version: run.config_version }
  const config = useQuery({ ...getConfigVersionOptions({ path }), staleTime: Number.POSITIVE_INFINITY })
  return config.data ? config.data.provider === 'demo' : now
}

function Nothing({ connection, reason }: { connection: string; reason: string | null }) {
  if (connection !== 'ended') return <Loading label="Reading the output…" />
  return <p className="p-4 text-sm text-muted">{reason ?? 'This run put nothing out.'}</p>
}
