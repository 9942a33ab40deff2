import { useState } from 'react'
import type { States, TaskStatus } from '@/api/types'
import { Tabs, TabsContent, TabsList, TabsTrigger } from '@/ui/tabs'
import { Column } from './Column'
import { type Columns, LABELS } from './model'

/** One column at a time, for phones; cards change column by their menu. */
export function NarrowBoard(props: { columns: Columns; states: States; onCreate?: () => void }) {
  const { columns, states, onCreate } = props
  const [status, setStatus] = useState<TaskStatus>(() => firstWithWork(columns, states))
  return (
    <Tabs
      value={status}
      onValueChange={(value) => setStatus(value as TaskStatus)}
      className="flex h-full min-h-0 flex-col"
    >
      <TabsList aria-label="Columns">
        {states.statuses.map((column) => (
          <TabsTrigger key={column} value={column}>
            {LABELS[column]}
            <span className="text-xs text-faint tabular-nums">{columns[column].length}</span>
          </TabsTrigger>
        ))}
      </TabsList>
      <TabsContent value={status} className="flex flex-col p-2">
        <Column
          status={status}
          tasks={columns[status]}
          drag={null}
          onCreate={status === 'todo' ? onCreate : undefined}
        />
      </TabsContent>
    </Tabs>
  )
}

/** What waits for a human first, then what runs, then the beginning. */
function firstWithWork(columns: Columns, { statuses }: States): TaskStatus {
  const asking = statuses.find((status) => columns[status].some((task) => task.attention))
  return asking ?? (columns.in_progress.length > 0 ? 'in_progress' : 'todo')
}
