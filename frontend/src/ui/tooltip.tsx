import { Tooltip as Radix } from 'radix-ui'
import { type ReactNode, useState } from 'react'
import { Kbd } from './kbd'
import { overlayRoot } from './overlay-root'

export const TooltipProvider = Radix.Provider

export interface TooltipProps {
  content: ReactNode
  shortcut?: string
  side?: 'top' | 'right' | 'bottom' | 'left'
  children: ReactNode
}

/** Needs a `TooltipProvider` above it; the child must take a ref. */
export function Tooltip({ content, shortcut, side, children }: TooltipProps) {
  // Looked up as it opens: what was open when this was drawn may be gone by then.
  const [root, setRoot] = useState<HTMLElement>()
  return (
    <Radix.Root onOpenChange={(open) => open && setRoot(overlayRoot())}>
      <Radix.Trigger asChild>{children}</Radix.Trigger>
      <Radix.Portal container={root}>
        <Radix.Content
          side={side}
          sideOffset={6}
          collisionPadding={8}
          className="z-50 flex max-w-72 items-center gap-2 rounded-md border bg-raised px-2 py-1 text-xs text-ink shadow-pop animate-in fade-in-0"
        >
          {content}
          {shortcut && <Kbd shortcut={shortcut} />}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
