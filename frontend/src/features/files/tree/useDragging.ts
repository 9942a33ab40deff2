import { type DragEvent, useRef, useState } from 'react'
import type { Entry } from '@/api/types'
import { isUnder } from '@/lib/paths'
import { toast } from '@/ui/toast'
import { useRename } from '../api'
import { contentsOf, entriesOf } from '../model/dropped'
import { isDirectory, join, nameOf, parentOf } from '../model/tree'
import { outgoing, useUpload } from '../upload'

export interface Dragging {
  /** The folder that what is dragged would go to; the root is the empty path. */
  target: string | null
  onItem: (entry: Entry) => object
  onFolder: (folder: string) => object
}

/** Entries are moved by dragging them on a folder; files and folders of the desktop are uploaded to it. */
export function useDragging(projectId: string, onMoved: (from: string, to: string) => void): Dragging {
  // An undo comes later, when other files may be open than at the time of the move.
  const moved = useRef(onMoved)
  moved.current = onMoved
  const dragged = useRef<string | null>(null)
  const [target, setTarget] = useState<string | null>(null)
  const rename = useRename(projectId)
  const upload = useUpload(projectId)

  const move = (from: string, to: string, undo = true) =>
    rename.mutate(
      { path: from, to },
      {
        onSuccess: () => {
          moved.current(from, to)
          if (!undo) return
          toast.success(`Moved ${nameOf(from)} to ${parentOf(to) || 'the workspace'}`, {
            action: { label: 'Undo', onClick: () => move(to, from, false) },
          })
        },
      },
    )

  const fits = (folder: string, event: DragEvent) => {
    const from = dragged.current
    if (from === null) return event.dataTransfer.types.includes('Files')
    return parentOf(from) !== folder && !isUnder(folder, from)
  }

  const take = async (transfer: DataTransfer, directory: string) => {
    const files = [...transfer.files]
    const entries = entriesOf(transfer)
    const dropped = entries.some((entry) => entry.isDirectory)
      ? await contentsOf(entries).catch(() => null)
      : outgoing(files)
    if (!dropped) return toast.error('The folder could not be read')
    if (dropped.files.length + dropped.folders.length > 0) upload.mutate({ directory, ...dropped })
  }

  const onFolder = (folder: string) => ({
    onDragOver: (event: DragEvent) => {
      event.stopPropagation()
      if (!fits(folder, event)) return setTarget(null)
      event.preventDefault()
      event.dataTransfer.dropEffect = dragged.current === null ? 'copy' : 'move'
      setTarget(folder)
    },
    onDragLeave: () => setTarget(null),
    onDrop: (event: DragEvent) => {
      event.stopPropagation()
      event.preventDefault()
      setTarget(null)
      if (!fits(folder, event)) return
      const from = dragged.current
      if (from !== null) return move(from, join(folder, nameOf(from)))
      void take(event.dataTransfer, folder)
    },
  })

  const onItem = (entry: Entry) => ({
    draggable: true,
    onDragStart: (event: DragEvent) => {
      dragged.current = entry.path
      event.dataTransfer.effectAllowed = 'move'
      event.dataTransfer.setData('text/plain', entry.path)
    },
    onDragEnd: () => {
      dragged.current = null
      setTarget(null)
    },
    ...onFolder(isDirectory(entry) ? entry.path : parentOf(entry.path)),
  })
  return { target, onItem, onFolder }
}
