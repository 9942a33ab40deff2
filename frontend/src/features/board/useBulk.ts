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
/** Long enough to see what happened, and to change one's mind. */
export const UNDO_MS = 10_000
const MOST_REASONS = 3

const BACK: Partial<Record<BulkAction, BulkAction>> = { move: 'undo', delete: 'restore' }

type Named = Pick<Task, 'id' | 'title'>

export interface Wish {
  action: BulkAction
  tasks: readonly Named[]
  status?: TaskStatus
  /** Learns which cards no request has changed; comes before the cards are read again, and whatever follows. */
  onDone?: (left: readonly Named[]) => void
}

interface Outcome {
  results: BulkResult[]
  /** The cards that no request has changed, since one failed as a whole. */
  left: readonly Named[]
  error?: unknown
}

/** Changes many cards; tells how many were, offers the way back, and says why the others were not. */
export function useBulk(projectId: string) {
  const client = useQueryClient()
  const { mutate, isPending } = useMutation({
    mutationKey: [BOARD_MUTATION, projectId],
    mutationFn: async ({ action, tasks, status }: Wish): Promise<Outcome> => {
      const results: BulkResult[] = []
      for (let at = 0; at < tasks.length; at += MOST) {
        const ids = tasks.slice(at, at + MOST).map(({ id }) => id)
        try {
          const done = await changeTasks({ path: { project: projectId }, body: { ids, action, status } })
          results.push(...done.results)
        } catch (error) {
          // What was done before is done, and has to be told with its way back.
          return { results, left: tasks.slice(at), error }
        }
      }
      return { results, left: [] }
    },
    onSuccess: (outcome, wish) => {
      tell(outcome, wish)
      wish.onDone?.(outcome.left)
    },
    onSettled: () =>
      client.invalidateQueries({
        predicate: queriesOf(['listTasks', 'listDeletedTasks', 'listProjects', 'listAttention']),
      }),
  })

  const tell = ({ results, left, error }: Outcome, wish: Wish) => {
    if (left.length > 0) {
      toast.error(`${plural(left.length, 'card')} could not be changed`, {
        description: describe(error).message,
      })
    }
    const refused = new Map(results.flatMap(({ id, error: why }) => (why ? [[id, why.message]] : [])))
    const answered = wish.tasks.slice(0, wish.tasks.length - left.length)
    const done = answered.filter(({ id }) => !refused.has(id))
    const action = BACK[wish.action]
    if (done.length > 0) {
      toast.success(sayDone(wish, done.length), {
        duration: UNDO_MS,
        action: action && { label: 'Undo', onClick: () => mutate({ action, tasks: done }) },
      })
    }
    if (refused.size === 0) return
    const stayed = answered.filter(({ id }) => refused.has(id))
    const reasons = stayed.slice(0, MOST_REASONS).map(({ id, title }) => `“${title}”: ${refused.get(id)}`)
    if (stayed.length > MOST_REASONS) reasons.push(`and ${stayed.length - MOST_REASONS} more`)
    toast.error(`${plural(stayed.length, 'card')} stayed as before`, { description: reasons.join(' ') })
  }

  const change = (wish: Wish) => mutate(wish)
  return { change, busy: isPending }
}

function sayDone({ action, status }: Wish, count: number): string {
  const cards = plural(count, 'card')
  if (action === 'move') return `Moved ${cards} to ${status ? LABELS[status] : 'another column'}`
  if (action === 'delete') return `Deleted ${cards}`
  return action === 'restore' ? `Restored ${cards}` : `Moved ${cards} back`
}
