import type { ComponentProps } from 'react'
import { cn } from '@/lib/cn'

// 16 px on phones: below that, iOS zooms into the field and does not zoom out again.
export const controlStyle =
  'w-full rounded-md border border-line-strong/70 bg-surface px-2.5 text-sm text-ink max-sm:text-[16px] placeholder:text-faint transition-colors hover:border-line-strong focus-visible:border-accent-ink focus-visible:outline-1 focus-visible:outline-offset-0 disabled:opacity-60 aria-invalid:border-bad'

export function Input({ className, ...props }: ComponentProps<'input'>) {
  return <input className={cn(controlStyle, 'h-8', className)} {...props} />
}

export function Textarea({ className, ...props }: ComponentProps<'textarea'>) {
  return (
    <textarea
      className={cn(controlStyle, 'min-h-20 resize-y scroll-thin py-1.5 leading-relaxed', className)}
      {...props}
    />
  )
}
