import { ArrowDown, ArrowLeft, ArrowRight, ArrowUp } from 'lucide-react'
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
}

/** The keys that the keyboard of a phone does not have. */
export function KeyBar({ held, onHold, onKey }: Props) {
  return (
    <div role="toolbar" aria-label="Keys" className="flex gap-1 border-t p-1.5 sm:hidden">
      <Button size="sm" variant={held ? 'primary' : 'secondary'} aria-pressed={held} onClick={onHold}>
        Ctrl
      </Button>
      {KEYS.map(({ label, data, face }) => (
        <Button key={label} size="sm" aria-label={label} onClick={() => onKey(data)}>
          {face}
        </Button>
      ))}
    </div>
  )
}
