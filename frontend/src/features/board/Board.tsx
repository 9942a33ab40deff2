import { DndContext, DragOverlay } from '@dnd-kit/core'
import { useQuery } from '@tanstack/react-query'
import { Plus, SearchX } from 'lucide-react'
import { useEffect, useMemo, useState } from 'react'
import { useNavigate, useSearchParams } from 'react-router'
import { describe } from '@/api/errors'
import { boardTasksOptions } from '@/api/queries'
import { useStates } from '@/api/states'
import type { States, Task } from '@/api/types'
import { useReadOnly } from '@/lib/readOnly'
import { useNarrow } from '@/lib/useMediaQuery'
import { Button } from '@/ui/button'
import { EmptyState, ErrorState } from '@/ui/states'
import { toast } from '@/ui/toast'
import { announcementsFor } from './announcements'
import type { Created } from './api'
import { BoardBar } from './BoardBar'
import { BoardSkeleton } from './BoardSkeleton'
import { Card } from './Card'
import { Column } from './Column'
import { type BoardActions, BoardContext } from './context'
import { DeletedCards } from './DeletedCards'
import { EditCardDialog } from './EditCardDialog'
import { isFiltering, passes, searchFor, useFilter } from './filter'
import { columnsOf, placeAmongAll } from './model'
import { NarrowBoard } from './NarrowBoard'
import { NEW_CARD, NewCardDialog } from './NewCardDialog'
import { SelectionBar } from './SelectionBar'
import { useBoardActions } from './useBoardActions'
import { useBoardDrag } from './useBoardDrag'
import { useCardKeys } from './useCardKeys'
import { useSelection } from './useSelection'

export interface BoardProps {
  projectId: string
  /** The address of the board; a card's panel is below it. */
  baseUrl: string
  openId: string | null
}

export function Board(props: BoardProps) {
  const tasks = useQuery(boardTasksOptions(props.projectId))
  const states = useStates()
  const failed = [tasks, states].find((query) => query.isError && !query.data)
  if (failed) {
    const retry = () => void Promise.all([tasks.refetch(), states.refetch()])
    return <ErrorState title="The board could not be loaded" {...describe(failed.error)} onRetry={retry} />
  }
  if (!tasks.data || !states.data) return <BoardSkeleton />
  return <LoadedBoard {...props} tasks={tasks.data} states={states.data} />
}

function LoadedBoard({
  projectId,
  baseUrl,
  openId,
  tasks,
  states,
}: BoardProps & { tasks: Task[]; states: States }) {
  const navigate = useNavigate()
  const narrow = useNarrow()
  const readOnly = useReadOnly()
  const [search, setSearch] = useSearchParams()
  const filtering = useFilter()
  const { filter } = filtering
  const [editing, setEditing] = useState<Task | null>(null)
  const [deleted, setDeleted] = useState(false)
  const verbs = useBoardActions(projectId, states)
  const passing = useMemo(() => tasks.filter((task) => passes(task, filter)), [tasks, filter])
  const columns = useMemo(() => columnsOf(passing), [passing])
  const selection = useSelection(columns, states.statuses)
  const drop: BoardActions['drop'] = (task, status, index) => {
    const place = index === undefined ? index : placeAmongAll(tasks, columns[status], task, status, index)
    return verbs.drop(task, status, place)
  }
  const { drag, sensors, collisions, handlers } = useBoardDrag(columns, states, drop)
  const cardUrl = (taskId: string) => `${baseUrl}/t/${taskId}${searchFor(filter)}`
  const actions: BoardActions = { ...verbs, drop, states, openId, cardUrl, selection, edit: setEditing }
  useCardKeys(columns, states.statuses, actions)

  const creating = search.has(NEW_CARD)
  const setCreating = (open: boolean) =>
    setSearch(
      (before) => {
        const next = new URLSearchParams(before)
        if (open) next.set(NEW_CARD, '')
        else next.delete(NEW_CARD)
        return next
      },
      { replace: true },
    )
  const refused = creating && readOnly
  // A wish that cannot be granted is not kept until it can.
  useEffect(() => {
    if (refused) setCreating(false)
  })
  const onCreate = readOnly ? undefined : () => setCreating(true)
  const onCreated = ({ task, notStarted }: Created, run: boolean) => {
    if (notStarted)
      toast.error('The card was made but not started', { description: describe(notStarted).message })
    if (run && !notStarted) void navigate(cardUrl(task.id), { replace: true })
    else setCreating(false)
  }
  const shown = drag?.columns ?? columns
  const empty = tasks.length === 0
  const nothing = !empty && passing.length === 0 && isFiltering(filter)

  return (
    <BoardContext value={actions}>
      <DndContext
        sensors={sensors}
        collisionDetection={collisions}
        accessibility={announcementsFor(shown, states)}
        {...handlers}
      >
        <div className="relative flex h-full min-h-0 flex-col">
          {empty && <EmptyBoard onCreate={onCreate} onDeleted={() => setDeleted(true)} />}
          {!empty && (
            <BoardBar
              filtering={filtering}
              selection={selection}
              shown={passing.length}
              all={tasks.length}
              onDeleted={() => setDeleted(true)}
            />
          )}
          {nothing && <NothingPasses onClear={filtering.clear} />}
          {!empty && !nothing && narrow && (
            <NarrowBoard columns={shown} states={states} onCreate={onCreate} />
          )}
          {!empty && !nothing && !narrow && (
            <div className="flex min-h-0 flex-1 gap-3 overflow-x-auto scroll-thin px-3 pb-3">
              {states.statuses.map((status) => (
                <Column
                  key={status}
                  status={status}
                  tasks={shown[status]}
                  drag={drag}
                  onCreate={status === 'todo' ? onCreate : undefined}
                />
              ))}
            </div>
          )}
          {selection.on && <SelectionBar projectId={projectId} selection={selection} states={states} />}
        </div>
        <DragOverlay>{drag && <Card task={drag.task} lifted inert />}</DragOverlay>
      </DndContext>
      {editing && (
        <EditCardDialog
          key={editing.id}
          projectId={projectId}
          task={editing}
          onClose={() => setEditing(null)}
        />
      )}
      {creating && !readOnly && !editing && (
        <NewCardDialog projectId={projectId} onClose={() => setCreating(false)} onCreated={onCreated} />
      )}
      {deleted && <DeletedCards projectId={projectId} onClose={() => setDeleted(false)} />}
    </BoardContext>
  )
}

function NothingPasses({ onClear }: { onClear: () => void }) {
  return (
    <EmptyState
      icon={<SearchX aria-hidden />}
      title="No card fits"
      className="pt-24"
      action={<Button onClick={onClear}>Show all cards</Button>}
    >
      Search and filter leave no card of this board.
    </EmptyState>
  )
}

function EmptyBoard({ onCreate, onDeleted }: { onCreate?: () => void; onDeleted: () => void }) {
  return (
    <EmptyState
      title="No cards yet"
      className="pt-24"
      action={
        <>
          {onCreate && (
            <Button variant="primary" onClick={onCreate}>
              <Plus aria-hidden /> New card
            </Button>
          )}
          <Button variant="ghost" onClick={onDeleted}>
            Deleted cards
          </Button>
        </>
      }
    >
      A card is one piece of work. Describe it, execute it, and an agent does it in this project’s workspace
      while you watch.
    </EmptyState>
  )
}
