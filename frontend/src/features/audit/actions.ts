import type { AuditEntry, AuditOutcome } from '@/api/types'

/** What the log's actions are called here; one that is not listed is shown as it is. */
const WORDS: Record<string, string> = {
  'auth.sign_in': 'Signed in',
  'auth.sign_out': 'Signed out',
  'auth.sign_out_everywhere': 'Signed out everywhere',
  'auth.sign_in_refused': 'Sign-in refused',
  'auth.refresh_reused': 'Spent sign-in used again',
  'user.disable': 'Account disabled',
  'user.enable': 'Account enabled',
  'user.sign_out': 'Account signed out',
  'token.create': 'Access token made',
  'token.delete': 'Access token deleted',
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
  'config.save': 'Configuration saved',
  'config.activate': 'Configuration activated',
  'secret.set': 'Key saved',
  'secret.used': 'Key used',
  'secret.deleted': 'Key removed',
  'file.delete': 'File deleted',
  'terminal.opened': 'Terminal opened',
  'terminal.closed': 'Terminal closed',
}

const OF_ACCOUNT = /^(auth|user|token)\./

export const ACTIONS = Object.keys(WORDS)

/** Those that happen with an account, or else in a project, for the filter of each. */
export function actionsOf(place: 'account' | 'project'): string[] {
  return ACTIONS.filter((action) => OF_ACCOUNT.test(action) === (place === 'account'))
}

export const OUTCOMES: Record<AuditOutcome, string> = { success: 'Succeeded', failure: 'Failed' }

/** What a line of a project may be about, by the log's name for it. */
export const OF_PROJECT: Record<string, string> = {
  project: 'Project',
  task: 'Card',
  session: 'Run',
  config: 'Configuration',
  interaction: 'Ask',
  file: 'File',
  terminal: 'Terminal',
  git_credential: 'Git access',
}

export const RESOURCES: Record<string, string> = {
  ...OF_PROJECT,
  user: 'Account',
  auth_session: 'Sign-in',
  token: 'Access token',
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
