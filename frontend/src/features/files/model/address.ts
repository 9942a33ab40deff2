/** What the address of the page says, and the addresses of contents. */

export interface Place {
  path: string
  line: number | null
  /** A run of the agent: what it changed in this file is to be shown. */
  run: string | null
}

function lineOf(text: string | null | undefined): number | null {
  const line = Number(text)
  return Number.isInteger(line) && line > 0 ? line : null
}

/** `?path=src/app.py&line=12&run=…`. */
export function placeOf(search: URLSearchParams): Place {
  return {
    path: search.get('path') ?? '',
    line: lineOf(search.get('line')),
    run: search.get('run'),
  }
}

/** `files/src/app.py#L12`, as links were written before. */
export function formerPlace(path: string, hash: string): Place {
  return { path, line: lineOf(/^#L(\d+)/.exec(hash)?.[1]), run: null }
}

export function contentUrl(projectId: string, path: string): string {
  return `/api/projects/${projectId}/files/content?path=${encodeURIComponent(path)}`
}

export function originalUrl(projectId: string, path: string): string {
  return `/api/projects/${projectId}/files/original?path=${encodeURIComponent(path)}`
}

/** A folder as an archive; the root's path is empty. */
export function archiveUrl(projectId: string, path: string): string {
  return `/api/projects/${projectId}/files/archive?${new URLSearchParams({ path })}`
}
