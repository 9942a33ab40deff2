import { useMemo, useState } from 'react'
import { cn } from '@/lib/cn'
import { Button } from '@/ui/button'
import { type DiffLine, parseDiff } from './parse'

const MOST_LINES = 400

const LOOK: Record<DiffLine['kind'], { row: string; sign: string; label: string }> = {
  add: { row: 'bg-ok/10', sign: '+', label: 'added' },
  del: { row: 'bg-bad/10', sign: '-', label: 'removed' },
  same: { row: '', sign: '', label: '' },
  hunk: { row: 'bg-sunken text-muted', sign: '', label: '' },
  note: { row: 'text-muted italic', sign: '', label: '' },
}

/** A unified diff of one file, coloured and numbered; long ones open on request. */
export function DiffLines({ patch, label, className }: { patch: string; label: string; className?: string }) {
  const lines = useMemo(() => parseDiff(patch), [patch])
  const [all, setAll] = useState(false)
  const shown = all ? lines : lines.slice(0, MOST_LINES)
  if (lines.length === 0) {
    return <p className="px-3 py-2 text-sm text-muted">No text to compare (binary, empty or renamed).</p>
  }
  return (
    <section
      aria-label={`Changes of ${label}`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
      className={cn('overflow-auto scroll-thin font-mono text-xs leading-5 -outline-offset-2', className)}
    >
      <table className="w-full min-w-max border-collapse">
        <tbody>
          {shown.map((line, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a line of a patch is named by its place in it
            <LineRow key={index} line={line} />
          ))}
        </tbody>
      </table>
      {shown.length < lines.length && (
        <Button size="sm" variant="ghost" className="m-2" onClick={() => setAll(true)}>
          Show {lines.length - shown.length} more lines
        </Button>
      )}
    </section>
  )
}

function LineRow({ line }: { line: DiffLine }) {
  const look = LOOK[line.kind]
  if (line.kind === 'hunk' || line.kind === 'note') {
    return (
      <tr className={look.row}>
        <td colSpan={4} className="px-3 py-0.5 whitespace-pre">
          {line.kind === 'hunk' ? `⋯ ${line.text}` : line.text}
        </td>
      </tr>
    )
  }
  return (
    <tr className={look.row}>
      <td className="w-px px-2 text-right text-faint select-none">{line.before}</td>
      <td className="w-px px-2 text-right text-faint select-none">{line.after}</td>
      <td className="w-px pl-1 text-muted select-none">
        <span aria-hidden>{look.sign}</span>
        {look.label && <span className="sr-only">{look.label}</span>}
      </td>
      <td className="pr-4 pl-1 whitespace-pre">{line.text || ' '}</td>
    </tr>
  )
}
