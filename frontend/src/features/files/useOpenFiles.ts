import { isUnder } from '@/lib/paths'
import { useConfirm } from '@/ui/confirm'
import { moved, neighbour } from './model/tabs'
import { nameOf } from './model/tree'
import type { useBuffers } from './useBuffers'
import type { usePlace } from './usePlace'
import { useTabs } from './useTabs'

/** The tabs with their texts and the address, kept in step when files are closed, moved or deleted. */
export function useOpenFiles(
  projectId: string,
  place: ReturnType<typeof usePlace>,
  buffers: ReturnType<typeof useBuffers>,
) {
  const confirm = useConfirm()
  const tabs = useTabs(projectId, place.path)

  /** What is deleted here, on purpose, takes its texts along. */
  const gone = (path: string) => {
    const left = tabs.paths.filter((file) => file === place.path || !isUnder(file, path))
    buffers.forget(path)
    tabs.close(path)
    if (isUnder(place.path, path)) place.replace(neighbour(left, place.path))
  }
  const close = async (path: string) => {
    const question = {
      title: `Close ${nameOf(path)} without saving?`,
      body: 'Your changes to it are lost.',
      action: 'Close without saving',
      danger: true,
    }
    if (buffers.dirty.has(path) && !(await confirm(question))) return
    gone(path)
  }
  const move = (from: string, to: string) => {
    buffers.move(from, to)
    tabs.move(from, to)
    if (place.path && isUnder(place.path, from)) place.replace(moved(place.path, from, to))
  }
  return { paths: tabs.paths, close, gone, move }
}
