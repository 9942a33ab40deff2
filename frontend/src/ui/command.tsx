import { Command as Cmdk } from 'cmdk'
import { Search } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import type { ComponentProps, ReactNode } from 'react'
import { cn } from '@/lib/cn'
import { overlayStyle } from './dialog'
import { Kbd } from './kbd'

export interface CommandDialogProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  label: string
  placeholder: string
  children: ReactNode
}

export function CommandDialog({ open, onOpenChange, label, placeholder, children }: CommandDialogProps) {
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className={overlayStyle} />
        <Radix.Content
          aria-describedby={undefined}
          className="fixed top-[12vh] left-1/2 z-50 w-[calc(100vw-1.5rem)] max-w-xl -translate-x-1/2 overflow-hidden rounded-xl border bg-raised shadow-pop outline-none animate-in fade-in-0 zoom-in-95"
        >
          <Radix.Title className="sr-only">{label}</Radix.Title>
          <Cmdk label={label} loop>
            <div className="flex items-center gap-2 border-b px-3.5">
              <Search aria-hidden className="size-4 shrink-0 text-faint" />
              <Cmdk.Input
                placeholder={placeholder}
                className="h-11 w-full bg-transparent text-base outline-none max-sm:text-[16px] placeholder:text-faint"
              />
            </div>
            <Cmdk.List className="max-h-[min(24rem,60vh)] overflow-y-auto scroll-thin p-1.5">
              <Cmdk.Empty className="py-8 text-center text-sm text-muted">Nothing matches.</Cmdk.Empty>
              {children}
            </Cmdk.List>
          </Cmdk>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

export function CommandGroup({ className, ...props }: ComponentProps<typeof Cmdk.Group>) {
  return (
    <Cmdk.Group
      className={cn(
        '[&_[cmdk-group-heading]]:px-2 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:font-medium [&_[cmdk-group-heading]]:text-faint',
        className,
      )}
      {...props}
    />
  )
}

interface CommandItemProps extends ComponentProps<typeof Cmdk.Item> {
  shortcut?: string
}

export function CommandItem({ className, shortcut, children, ...props }: CommandItemProps) {
  return (
    <Cmdk.Item
      className={cn(
        'flex h-9 cursor-pointer items-center gap-2.5 rounded-md px-2 text-sm select-none data-[selected=true]:bg-hover [&_svg]:size-4 [&_svg]:shrink-0 [&_svg]:text-faint',
        className,
      )}
      {...props}
    >
      {children}
      {shortcut && <Kbd shortcut={shortcut} className="ml-auto" />}
    </Cmdk.Item>
  )
}
