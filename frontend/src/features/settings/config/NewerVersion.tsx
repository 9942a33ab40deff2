import type { Config } from '@/api/types'
import { Button } from '@/ui/button'

export interface NewerVersionProps {
  newer: Config
  base: Config | null
  onTake: () => void
  onKeep: () => void
}

/** Somebody else saved or activated a version while this form held changes. */
export function NewerVersion({ newer, base, onTake, onKeep }: NewerVersionProps) {
  const how = newer.version > (base?.version ?? 0) ? 'saved' : 'activated'
  return (
    <section role="alert" className="rounded-lg border border-warn/60 bg-warn/8 p-3 text-sm">
      <p className="font-medium">
        Version {newer.version} was {how} meanwhile.
      </p>
      <p className="mt-1 text-muted">
        Your changes are still in the form; saving them would replace that version as the active one.
      </p>
      <div className="mt-2 flex flex-wrap gap-2">
        <Button size="sm" onClick={onTake}>
          Take version {newer.version}
        </Button>
        <Button size="sm" variant="primary" onClick={onKeep}>
          Keep mine
        </Button>
      </div>
    </section>
  )
}
