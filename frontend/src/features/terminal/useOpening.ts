import { type UseQueryResult, useMutation } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { describe } from '@/api/errors'
import { createTerminal, getProject } from '@/api/sdk'
import type { Terminal } from '@/api/types'
import { toast } from '@/ui/toast'
import { isStarting, useRefresh } from './api'

const PAUSE = 500

interface Wish {
  title: string
  /** When the terminals were listed last before it could not be granted; null for a first try. */
  listedAt: number | null
}

/**
 * Opens a terminal, which starts a workspace that is stopped and is refused while that starts. It is asked for again
 * when the terminals can be listed, which starts nothing, unless the workspace was stopped meanwhile.
 */
export function useOpening(
  projectId: string,
  list: Pick<UseQueryResult<Terminal[]>, 'isSuccess' | 'dataUpdatedAt'>,
  onOpened: (terminal: Terminal) => void,
) {
  const path = { project: projectId }
  const refresh = useRefresh(projectId)
  const [waiting, setWaiting] = useState<Wish | null>(null)
  const { mutate, isPending } = useMutation({
    mutationFn: async ({ title, listedAt }: Wish) => {
      if (listedAt !== null && (await getProject({ path })).desired_state !== 'running') return null
      return createTerminal({ path, body: { title } })
    },
    onSuccess: () => setWaiting(null),
    onError: (error, { title }) => {
      if (isStarting(error)) return setWaiting({ title, listedAt: list.dataUpdatedAt })
      setWaiting(null)
      toast.error('The terminal could not be opened', { description: describe(error).message })
    },
    onSettled: () => refresh(),
  })
  const ask = (wish: Wish) => mutate(wish, { onSuccess: (made) => made && onOpened(made) })

  const ready = waiting && !isPending && list.isSuccess && list.dataUpdatedAt > (waiting.listedAt ?? 0)
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked once, as soon as it may be granted
  useEffect(() => {
    if (!ready) return
    const timer = setTimeout(() => ask(waiting), PAUSE)
    return () => clearTimeout(timer)
  }, [ready])

  return {
    open: (title: string) => ask({ title, listedAt: null }),
    busy: isPending,
    /** The workspace starts for it. */
    waiting: waiting !== null,
  }
}
