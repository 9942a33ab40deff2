import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import type { States, Task, TaskStatus } from '@/api/types'
import { useConfirm } from '@/ui/confirm'
import { toast } from '@/ui/toast'
import { useCancelRun, useDeleteCard, useExecuteCard, useMoveCard } from './api'
import { planDrop } from './model'

const UNDO_MS = 6000
const END = Number.POSITIVE_INFINITY

/** The verbs of a board, each with the question it asks first or the way back it offers. */
export function useBoardActions(projectId: string, states: States) {
  const confirm = useConfirm()
  const move = useMoveCard(projectId)
  const { mutate: execute } = useExecuteCard(projectId)
  const { mutate: cancelRun } = useCancelRun(projectId)
  const { remove, hidden } = useRemoval(projectId)
  const latest = useRef({ confirm, move })
  latest.current = { confirm, move }

  const actions = useMemo(() => {
    const cancel = async (task: Task) => {
      const sure = await latest.current.confirm({
        title: 'Cancel this run?',
        body: 'The agent stops and the card goes back to To do. What it changed in the workspace stays.',
        action: 'Cancel run',
        danger: true,
      })
      if (sure) cancelRun(task, { onSuccess: () => toast('Stopping the agent…') })
    }
    const drop = async (task: Task, status: TaskStatus, index: number = END) => {
      const plan = planDrop(task.status, status, states)
      if (plan.kind === 'execute') execute(task)
      else if (plan.kind === 'cancel') await cancel(task)
      else if (plan.kind === 'refused') toast.error('Not possible', { description: plan.reason })
      else latest.current.move(task, status, index)
    }
    return { execute: (task: Task) => execute(task), cancel, drop, remove }
  }, [states, execute, cancelRun, remove])
  return { ...actions, hidden }
}

/** A card disappears at once and is deleted when the chance to undo has passed. */
function useRemoval(projectId: string) {
  const { mutate } = useDeleteCard(projectId)
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set())
  const pending = useRef(new Map<string, { task: Task; timer: ReturnType<typeof setTimeout> }>())
  const remember = useRef(mutate)
  remember.current = mutate

  const show = useCallback((id: string) => {
    setHidden((before) => new Set([...before].filter((other) => other !== id)))
  }, [])

  const remove = useCallback(
    (task: Task) => {
      const finish = () => {
        pending.current.delete(task.id)
        remember.current(task, { onSettled: () => show(task.id) })
      }
      const undo = () => {
        clearTimeout(pending.current.get(task.id)?.timer)
        pending.current.delete(task.id)
        show(task.id)
      }
      setHidden((before) => new Set(before).add(task.id))
      pending.current.set(task.id, { task, timer: setTimeout(finish, UNDO_MS) })
      toast(`Deleted “${task.title}”`, { duration: UNDO_MS, action: { label: 'Undo', onClick: undo } })
    },
    [show],
  )

  useEffect(() => {
    const waiting = pending.current
    // Leaving the board is consent: what waits is deleted now.
    return () => {
      for (const { task, timer } of waiting.values()) {
        clearTimeout(timer)
        remember.current(task)
      }
      waiting.clear()
    }
  }, [])
  return { remove, hidden }
}
