import type { CloneAgain, GitSource, ProjectSummary } from '@/api/types'
import type { ClonePhase, CloneProgress } from '@/realtime/cloning'

export interface GitForm {
  url: string
  ref: string
  username: string
  token: string
  /** Only the newest commit. */
  shallow: boolean
  /** What signed in before shall not any more. */
  forget?: boolean
}

export const NO_REPOSITORY: GitForm = { url: '', ref: '', username: '', token: '', shallow: false }

/** What a person would want to know before anything is sent; the server judges the rest. */
export function urlProblem(url: string): string | null {
  if (!url.trim()) return 'Enter the address of the repository.'
  // Not even sent: addresses are shown, and a token in one would be too.
  if (/^[a-z]+:\/\/[^/]*@/i.test(url.trim())) {
    return 'Leave name and token out of the address; they have fields of their own.'
  }
  return null
}

export function sourceOf({ url, ref, username, token, shallow }: GitForm): GitSource {
  return {
    url: url.trim(),
    ref: ref.trim() || null,
    depth: shallow ? 1 : null,
    username: username.trim(),
    token: token.trim(),
  }
}

export function changeOf(form: GitForm): CloneAgain {
  return { ...sourceOf(form), ...(form.forget && { username: '', token: null }) }
}

const PHASES: Record<ClonePhase, string> = {
  starting: 'Asking the server',
  counting: 'The server counts',
  compressing: 'The server packs',
  receiving: 'Receiving',
  resolving: 'Putting the history together',
  writing: 'Writing files',
}

/** How far a clone is, in a few words. */
export function progressText(project: ProjectSummary, progress: CloneProgress | undefined): string {
  if (progress) return PHASES[progress.phase] + (progress.percent === null ? '' : ` ${progress.percent} %`)
  if (project.workspace_reason) return project.workspace_reason
  return project.pod_status === 'running' ? PHASES.starting : 'The workspace is starting'
}
