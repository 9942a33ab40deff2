import { X } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import type { ReactNode } from 'react'
import { cn } from '@/lib/cn'
import { Button } from './button'
import { overlayStyle } from './dialog'

export interface SheetProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  title: string
  side?: 'left' | 'right'
  className?: string
  children: ReactNode
}

/** A modal panel from the side, full width on a phone. */
export function Sheet({ open, onOpenChange, title, side = 'right', className, children }: SheetProps) {
  const place =
    side === 'right'
      ? 'right-0 border-l data-[state=open]:slide-in-from-right-8'
      : 'left-0 border-r data-[state=open]:slide-in-from-left-8'
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className={overlayStyle} />
        <Radix.Content
          aria-describedby={undefined}
          className={cn(
            'fixed inset-y-0 z-40 flex w-full max-w-md flex-col bg-raised shadow-pop outline-none data-[state=open]:animate-in data-[state=open]:fade-in-0',
            place,
            className,
          )}
        >
          <div className="flex items-center gap-2 border-b px-4 py-2.5">
            <Radix.Title className="flex-1 text-base font-semibold">{title}</Radix.Title>
            <Radix.Close asChild>
              <Button aria-label="Close" variant="ghost" size="iconSm">
                <X aria-hidden />
              </Button>
            </Radix.Close>
          </div>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
