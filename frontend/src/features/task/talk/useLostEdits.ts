import { useEffect } from 'react'
import type { Interaction } from '@/api/types'
import { isText, keepDraft, readDraft } from '@/lib/draft'
import { toast } from '@/ui/toast'
import { feedbackKey, queuedKey } from './drafts'

/** A queued message may be sent while it is being changed: what was written becomes the next message. */
export function useLostEdits(taskId: string, interactions: Interaction[]): void {
  useEffect(() => {
    for (const { id, state, user_prompt } of interactions) {
      const edit = state === 'queued' ? null : readDraft(queuedKey(id), isText)
      if (edit === null) continue
      keepDraft(queuedKey(id), null)
      if (!edit.trim() || edit.trim() === user_prompt?.trim()) continue
      const before = readDraft(feedbackKey(taskId), isText)
      keepDraft(feedbackKey(taskId), before ? `${before}\n\n${edit}` : edit)
      toast.warning('The message left the queue before your change was saved', {
        description: 'What you wrote stands in the box for feedback now.',
      })
    }
  }, [taskId, interactions])
}
