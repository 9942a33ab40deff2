import { ChevronRight } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { cn } from '@/lib/cn'

export interface DisclosureProps {
  summary: ReactNode
  defaultOpen?: boolean
  className?: string
  /** Beside the line, for what can be pressed by itself. */
  aside?: ReactNode
  children: ReactNode
}

/** A line that opens. Its content is not rendered while closed, which keeps long logs light. */
export function Disclosure({ summary, defaultOpen = false, className, aside, children }: DisclosureProps) {
  const [open, setOpen] = useState(defaultOpen)
  return (
    <div className={cn('min-w-0', className)}>
      <div className="flex items-center">
        <button
          type="button"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
          className="flex min-w-0 flex-1 items-center gap-1.5 rounded px-1 py-0.5 text-left text-sm text-muted -outline-offset-1 hover:text-ink"
        >
          <ChevronRight
            aria-hidden
            className={cn('size-3.5 shrink-0 text-faint transition-transform', open && 'rotate-90')}
          />
          {summary}
        </button>
        {aside}
      </div>
      {open && children}
    </div>
  )
}
