import type { AuditEntry } from '@/api/types'

/** What the log's actions are called here; one that is not listed is shown as it is. */
const WORDS: Record<string, string> = {
  'auth.sign_in': 'Signed in',
  'auth.sign_out': 'Signed out',
  'auth.sign_in_refused': 'Sign-in refused',
  'auth.refresh_reused': 'Spent sign-in used again',
  'project.create': 'Project made',
  'project.update': 'Project changed',
  'project.archive': 'Project archived',
  'project.restore': 'Project restored',
  'project.delete': 'Project deleted',
  'workspace.clone': 'Clone ended',
  'workspace.retry': 'Clone tried again',
  'pod.start': 'Pod started',
  'pod.stop': 'Pod stopped',
  'task.delete': 'Card deleted',
  'task.restore': 'Card restored',
  'run.start': 'Run started',
  'run.cancel': 'Run cancelled',
  'run.end': 'Run ended',
  'run.delete': 'Run deleted',
  'permission.decide': 'Permission decided',
  'config.activate': 'Configuration activated',
  'secret.set': 'Key saved',
  'secret.used': 'Key used',
  'secret.deleted': 'Key removed',
  'file.delete': 'File deleted',
  'terminal.opened': 'Terminal opened',
  'terminal.closed': 'Terminal closed',
}

/** Those that happen with an account, or else in a project, for the filter of each. */
export function actionsOf(account: boolean): string[] {
  return Object.keys(WORDS).filter((action) => action.startsWith('auth.') === account)
}

/** What a line may be about, by the log's name for it. */
export const RESOURCES: Record<string, string> = {
  project: 'Project',
  task: 'Card',
  session: 'Run',
  config: 'Configuration',
  interaction: 'Ask',
  file: 'File',
  terminal: 'Terminal',
}

/** A person as a reader knows them; `me` is the reader's own id. */
export function nameOf(id: string, name: string | null | undefined, me: string | undefined): string {
  return id === me ? 'You' : name || `User ${id.slice(-6)}`
}

export function wordsFor(action: string): string {
  return WORDS[action] ?? action
}

/** `kind: message, version: 3`; empty values are left out. */
export function detailsOf(entry: AuditEntry): string {
  return Object.entries(entry.details)
    .filter(([, value]) => value !== null && value !== '')
    .map(
      ([name, value]) =>
        `${name.replaceAll('_', ' ')}: ${typeof value === 'object' ? JSON.stringify(value) : value}`,
    )
    .join(', ')
}
