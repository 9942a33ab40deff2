/** Files in the address: `/p/<project>/files/src/app.py#L12`. */

export function filesUrl(project: string, path: string): string {
  const encoded = path.split('/').map(encodeURIComponent).join('/')
  return `/p/${project}/files${encoded ? `/${encoded}` : ''}`
}

export function lineOf(hash: string): number | null {
  const line = Number(/^#L(\d+)/.exec(hash)?.[1])
  return Number.isInteger(line) && line > 0 ? line : null
}

export function contentUrl(projectId: string, path: string): string {
  return `/api/projects/${projectId}/files/content?path=${encodeURIComponent(path)}`
}

/** A folder as an archive; the root's path is empty. */
export function archiveUrl(projectId: string, path: string): string {
  return `/api/projects/${projectId}/files/archive?${new URLSearchParams({ path })}`
}
