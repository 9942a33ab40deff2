/** What a queued run waits for, when that is not its place in the queue of its project. */
const REASONS: Record<string, string> = {
  workspace: 'Queued until the repository is cloned',
  user: 'Queued until another of your runs has ended',
  server: 'Queued until the server has room',
}

export function sayWait(waitsFor: string | null | undefined): string | null {
  return (waitsFor && REASONS[waitsFor]) || null
}
