import { useState } from 'react'
import type { Notifications as Kept } from '@/api/types'
import { askToNotify, canNotify, playSound, showNotice } from '@/lib/notices'
import { Button } from '@/ui/button'
import { Switch } from './Switch'

const REFUSED =
  'The browser refuses notifications of this address. Allow them in its settings for this site, and try again.'
const UNABLE =
  'This browser shows no notifications of web pages, as is usual on phones. A sound can tell you instead.'

export interface NotificationsProps {
  kept: Required<Kept>
  onChange: (change: Partial<Kept>) => void
}

/** Of what, and how, a person is told who looks elsewhere. */
export function Notifications({ kept, onChange }: NotificationsProps) {
  const [problem, setProblem] = useState<string | null>(null)
  const onDesktop = async (wanted: boolean) => {
    const may = !wanted || (await askToNotify())
    setProblem(may ? null : REFUSED)
    onChange({ desktop: wanted && may })
  }
  const onTest = async () => {
    const may = await askToNotify()
    if (!may) return setProblem(REFUSED)
    const body = 'This is how you are told of a run.'
    const shown = showNotice({ title: 'It works', body, key: 'test', onClick: () => {} })
    setProblem(shown ? null : UNABLE)
  }
  return (
    <div className="flex flex-col gap-5">
      <fieldset className="flex flex-col gap-2">
        <legend className="mb-1 text-sm font-medium">Tell me</legend>
        <Switch label="when a run has ended" on={kept.done} onChange={(done) => onChange({ done })}>
          <Button size="sm" variant="ghost" onClick={() => playSound('done')}>
            Hear it
          </Button>
        </Switch>
        <Switch
          label="when the agent waits for me"
          on={kept.needs_you}
          onChange={(needs_you) => onChange({ needs_you })}
        >
          <Button size="sm" variant="ghost" onClick={() => playSound('needs_you')}>
            Hear it
          </Button>
        </Switch>
      </fieldset>
      <fieldset className="flex flex-col gap-2">
        <legend className="mb-1 text-sm font-medium">by</legend>
        <Switch
          label="a notification on the desktop"
          on={kept.desktop}
          disabled={!canNotify()}
          hint={canNotify() ? undefined : 'This browser shows none for an address without https.'}
          onChange={(wanted) => void onDesktop(wanted)}
        >
          <Button size="sm" variant="ghost" disabled={!canNotify()} onClick={() => void onTest()}>
            Show one
          </Button>
        </Switch>
        <Switch label="a sound" on={kept.sound} onChange={(sound) => onChange({ sound })} />
      </fieldset>
      {problem && (
        <p role="alert" className="text-sm text-bad">
          {problem}
        </p>
      )}
    </div>
  )
}
