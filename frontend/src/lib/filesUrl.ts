/** Where a file of a project is shown: `/p/<project>/files?path=src/app.py&line=12`; with what a run changed in it. */
export function filesUrl(
  project: string,
  path: string = '',
  line: number | null = null,
  run: string | null = null,
): string {
  const home = `/p/${project}/files`
  if (!path) return home
  // A slash may stand in a query as it is, and an address is also read by people.
  const query = `path=${encodeURIComponent(path).replaceAll('%2F', '/')}`
  return `${home}?${query}${line === null ? '' : `&line=${line}`}${run === null ? '' : `&run=${run}`}`
}
