import { useMemo, useRef } from 'react'
import type { States, Task, TaskStatus } from '@/api/types'
import { useConfirm } from '@/ui/confirm'
import { toast } from '@/ui/toast'
import { useCancelRun, useDeleteCard, useExecuteCard, useMoveCard } from './api'
import { planDrop } from './model'

const END = Number.POSITIVE_INFINITY

/** The verbs of a board, each with the question it asks first or the way back it offers. */
export function useBoardActions(projectId: string, states: States) {
  const confirm = useConfirm()
  const move = useMoveCard(projectId)
  const { mutate: execute } = useExecuteCard(projectId)
  const { mutate: cancelRun } = useCancelRun(projectId)
  const { mutate: remove } = useDeleteCard(projectId)
  const latest = useRef({ confirm, move })
  latest.current = { confirm, move }

  return useMemo(() => {
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
    return { execute: (task: Task) => execute(task), cancel, drop, remove: (task: Task) => remove(task) }
  }, [states, execute, cancelRun, remove])
}
