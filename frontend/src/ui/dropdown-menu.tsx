import { Check, ChevronRight } from 'lucide-react'
import { DropdownMenu as Radix } from 'radix-ui'
import { type ComponentProps, createContext, useContext, useState } from 'react'
import { cn } from '@/lib/cn'
import { Kbd } from './kbd'
import { overlayRoot } from './overlay-root'

export const DropdownMenuTrigger = Radix.Trigger
export const DropdownMenuSub = Radix.Sub
export const DropdownMenuRadioGroup = Radix.RadioGroup

/** Where the menu is attached, looked up as it opens: what was open when it was drawn may be gone by then. */
const RootContext = createContext<HTMLElement | undefined>(undefined)

/** Not modal: a menu is no reason to hide the page from assistive technology. */
export function DropdownMenu({ onOpenChange, ...props }: ComponentProps<typeof Radix.Root>) {
  const [root, setRoot] = useState<HTMLElement>()
  const onOpen = (open: boolean) => {
    if (open) setRoot(overlayRoot())
    onOpenChange?.(open)
  }
  return (
    <RootContext value={root}>
      <Radix.Root modal={false} onOpenChange={onOpen} {...props} />
    </RootContext>
  )
}

const surface =
  'z-50 min-w-44 overflow-y-auto scroll-thin rounded-lg border bg-raised p-1 text-sm shadow-pop data-[state=open]:animate-in data-[state=open]:fade-in-0 data-[state=open]:zoom-in-95'
const row =
  'flex w-full items-center gap-2 rounded px-2 py-1.5 outline-none select-none data-[highlighted]:bg-hover data-[disabled]:opacity-50 [&_svg]:size-4 [&_svg]:shrink-0'

export function DropdownMenuContent({ className, ...props }: ComponentProps<typeof Radix.Content>) {
  return (
    <Radix.Portal container={useContext(RootContext)}>
      <Radix.Content
        sideOffset={6}
        collisionPadding={8}
        className={cn(surface, 'max-h-(--radix-dropdown-menu-content-available-height)', className)}
        {...props}
      />
    </Radix.Portal>
  )
}

interface ItemProps extends ComponentProps<typeof Radix.Item> {
  danger?: boolean
  shortcut?: string
}

export function DropdownMenuItem({ className, danger, shortcut, children, ...props }: ItemProps) {
  return (
    <Radix.Item className={cn(row, danger && 'text-bad', className)} {...props}>
      {children}
      {shortcut && <Kbd shortcut={shortcut} className="ml-auto pl-4" />}
    </Radix.Item>
  )
}

export function DropdownMenuRadioItem({
  className,
  children,
  ...props
}: ComponentProps<typeof Radix.RadioItem>) {
  return (
    <Radix.RadioItem className={cn(row, className)} {...props}>
      {children}
      <Radix.ItemIndicator className="ml-auto pl-4">
        <Check aria-hidden />
      </Radix.ItemIndicator>
    </Radix.RadioItem>
  )
}

export function DropdownMenuSubTrigger({
  className,
  children,
  ...props
}: ComponentProps<typeof Radix.SubTrigger>) {
  return (
    <Radix.SubTrigger className={cn(row, 'data-[state=open]:bg-hover', className)} {...props}>
      {children}
      <ChevronRight aria-hidden className="ml-auto" />
    </Radix.SubTrigger>
  )
}

export function DropdownMenuSubContent({ className, ...props }: ComponentProps<typeof Radix.SubContent>) {
  return (
    <Radix.Portal container={useContext(RootContext)}>
      <Radix.SubContent sideOffset={4} collisionPadding={8} className={cn(surface, className)} {...props} />
    </Radix.Portal>
  )
}

export function DropdownMenuLabel({ className, ...props }: ComponentProps<typeof Radix.Label>) {
  return <Radix.Label className={cn('px-2 py-1 text-xs font-medium text-faint', className)} {...props} />
}

export function DropdownMenuSeparator() {
  return <Radix.Separator className="-mx-1 my-1 h-px bg-line" />
}
