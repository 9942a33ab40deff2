/** Under which names the drafts of a conversation are kept. */

export function feedbackKey(taskId: string): string {
  return `opm.feedback.${taskId}`
}

export function queuedKey(interactionId: string): string {
  return `opm.queued.${interactionId}`
}
