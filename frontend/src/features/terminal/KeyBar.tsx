import { ArrowDown, ArrowLeft, ArrowRight, ArrowUp, ClipboardPaste, Copy } from 'lucide-react'
import type { ReactNode } from 'react'
import { Button } from '@/ui/button'

const KEYS: { label: string; data: string; face: ReactNode }[] = [
  { label: 'Escape', data: '\x1b', face: 'Esc' },
  { label: 'Tab', data: '\t', face: 'Tab' },
  { label: 'Left', data: '\x1b[D', face: <ArrowLeft aria-hidden /> },
  { label: 'Up', data: '\x1b[A', face: <ArrowUp aria-hidden /> },
  { label: 'Down', data: '\x1b[B', face: <ArrowDown aria-hidden /> },
  { label: 'Right', data: '\x1b[C', face: <ArrowRight aria-hidden /> },
]

interface Props {
  held: boolean
  onHold: () => void
  onKey: (data: string) => void
  /** There is something to copy. */
  selected: boolean
  onCopy: () => void
  onPaste: () => void
}

/** The keys that the keyboard of a phone does not have; on the narrowest ones they take a second row. */
export function KeyBar({ held, onHold, onKey, selected, onCopy, onPaste }: Props) {
  return (
    <div
      role="toolbar"
      aria-label="Keys"
      className="flex flex-wrap gap-1 border-t p-1.5 sm:hidden [&>button]:px-2"
    >
      <Button size="sm" variant={held ? 'primary' : 'secondary'} aria-pressed={held} onClick={onHold}>
        Ctrl
      </Button>
      {KEYS.map(({ label, data, face }) => (
        <Button key={label} size="sm" aria-label={label} onClick={() => onKey(data)}>
          {face}
        </Button>
      ))}
      <Button size="sm" aria-label="Copy" disabled={!selected} onClick={onCopy}>
        <Copy aria-hidden />
      </Button>
      <Button size="sm" aria-label="Paste" onClick={onPaste}>
        <ClipboardPaste aria-hidden />
      </Button>
    </div>
  )
}
