/** What was dropped from the desktop, with all that is in its folders. */

/** A file on its way, and its path below the folder it goes to. */
export interface Outgoing {
  file: File
  path: string
}

export interface Dropped {
  files: Outgoing[]
  /** Those without any file, which would not come to be by themselves. */
  folders: string[]
}

/** To be called while the drop is handled: what was dropped is out of reach afterwards. */
export function entriesOf(transfer: DataTransfer): FileSystemEntry[] {
  return [...(transfer.items ?? [])].flatMap((item) => item.webkitGetAsEntry?.() ?? [])
}

export async function contentsOf(entries: FileSystemEntry[]): Promise<Dropped> {
  const found: Dropped = { files: [], folders: [] }
  for (const entry of entries) await gather(entry, entry.name, found)
  return found
}

async function gather(entry: FileSystemEntry, path: string, found: Dropped): Promise<void> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    )
    found.files.push({ file, path })
    return
  }
  const inside = await listed(entry as FileSystemDirectoryEntry)
  if (inside.length === 0) found.folders.push(path)
  for (const child of inside) await gather(child, `${path}/${child.name}`, found)
}

/** A reader gives a folder piece by piece, and nothing when it is at the end. */
async function listed(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader()
  const all: FileSystemEntry[] = []
  for (;;) {
    const piece = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    )
    if (piece.length === 0) return all
    all.push(...piece)
  }
}
