import { Button } from './button'

export interface ClashProps {
  theirs: { title: string; description: string; files: string }
  busy: boolean
  onKeep: () => void
  onTake: () => void
}

/** What another person saved meanwhile, above the fields with one's own words. */
export function Clash({ theirs, busy, onKeep, onTake }: ClashProps) {
  return (
    <section role="alert" className="rounded-lg border border-warn/60 bg-warn/8 p-3 text-sm">
      <p className="font-medium">Somebody changed this card while you edited it.</p>
      <p className="mt-1 text-muted">
        Theirs is below; yours is in the fields, where you may still merge the two.
      </p>
      <div className="mt-2 max-h-48 overflow-auto scroll-thin rounded-md border bg-surface p-2">
        <p className="font-medium">{theirs.title}</p>
        <pre className="mt-1 font-sans text-sm break-words whitespace-pre-wrap">
          {theirs.description || '(no description)'}
        </pre>
        {theirs.files && <pre className="mt-1 font-mono text-xs break-all">{theirs.files}</pre>}
      </div>
      <div className="mt-2 flex flex-wrap gap-2">
        <Button size="sm" variant="primary" busy={busy} onClick={onKeep}>
          Keep mine
        </Button>
        <Button size="sm" disabled={busy} onClick={onTake}>
          Take theirs
        </Button>
      </div>
    </section>
  )
}
