import { useMutation, useQueryClient } from '@tanstack/react-query'
import { describe } from '@/api/errors'
import { queriesOf } from '@/api/queries'
import { changeTasks } from '@/api/sdk'
import type { BulkAction, BulkResult, Task, TaskStatus } from '@/api/types'
import { plural } from '@/lib/format'
import { BOARD_MUTATION } from '@/realtime/cache'
import { toast } from '@/ui/toast'
import { LABELS } from './model'

/** The most that one request may name. */
const MOST = 200
/** Long enough to see what happened to many cards, and to change one's mind. */
const UNDO_MS = 10_000
const MOST_REASONS = 3

const BACK: Partial<Record<BulkAction, BulkAction>> = { move: 'undo', delete: 'restore' }

export interface Wish {
  action: BulkAction
  tasks: readonly Task[]
  status?: TaskStatus
}

/** Changes many cards; tells how many were, offers the way back, and says why the others were not. */
export function useBulk(projectId: string) {
  const client = useQueryClient()
  const { mutate, isPending } = useMutation({
    mutationKey: [BOARD_MUTATION, projectId],
    mutationFn: async ({ action, tasks, status }: Wish) => {
      const results: BulkResult[] = []
      for (let at = 0; at < tasks.length; at += MOST) {
        const ids = tasks.slice(at, at + MOST).map(({ id }) => id)
        const done = await changeTasks({ path: { project: projectId }, body: { ids, action, status } })
        results.push(...done.results)
      }
      return results
    },
    onSuccess: (results, wish) => tell(results, wish),
    onError: (error) => toast.error('The cards were not changed', { description: describe(error).message }),
    onSettled: () =>
      client.invalidateQueries({ predicate: queriesOf(['listTasks', 'listProjects', 'listAttention']) }),
  })

  const tell = (results: BulkResult[], wish: Wish) => {
    const refused = new Map(results.flatMap(({ id, error }) => (error ? [[id, error.message]] : [])))
    const done = wish.tasks.filter(({ id }) => !refused.has(id))
    const action = BACK[wish.action]
    if (done.length > 0) {
      toast.success(sayDone(wish, done.length), {
        duration: UNDO_MS,
        action: action && { label: 'Undo', onClick: () => mutate({ action, tasks: done }) },
      })
    }
    if (refused.size === 0) return
    const stayed = wish.tasks.filter(({ id }) => refused.has(id))
    const reasons = stayed.slice(0, MOST_REASONS).map(({ id, title }) => `“${title}”: ${refused.get(id)}`)
    if (stayed.length > MOST_REASONS) reasons.push(`and ${stayed.length - MOST_REASONS} more`)
    toast.error(`${plural(stayed.length, 'card')} stayed as before`, { description: reasons.join(' ') })
  }

  const change = (wish: Wish, onDone: () => void) => mutate(wish, { onSuccess: onDone })
  return { change, busy: isPending }
}

function sayDone({ action, status }: Wish, count: number): string {
  const cards = plural(count, 'card')
  if (action === 'move') return `Moved ${cards} to ${status ? LABELS[status] : 'another column'}`
  if (action === 'delete') return `Deleted ${cards}`
  return action === 'restore' ? `Restored ${cards}` : `Moved ${cards} back`
}
