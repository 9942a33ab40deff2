import { CircleAlert, RotateCw } from 'lucide-react'
import type { ReactNode } from 'react'
import { cn } from '@/lib/cn'
import { Button } from './button'
import { Spinner } from './spinner'

interface FrameProps {
  icon?: ReactNode
  title: string
  children?: ReactNode
  className?: string
}

function Frame({ icon, title, children, className }: FrameProps) {
  return (
    <div className={cn('flex flex-col items-center gap-2 px-6 py-12 text-center', className)}>
      {icon && (
        <div className="mb-1 flex size-11 items-center justify-center rounded-full bg-hover text-muted [&_svg]:size-5">
          {icon}
        </div>
      )}
      <h2 className="text-base font-semibold">{title}</h2>
      {children}
    </div>
  )
}

/** Nothing here yet: says why, and carries the next action as `action`. */
export function EmptyState({ action, children, ...frame }: FrameProps & { action?: ReactNode }) {
  return (
    <Frame {...frame}>
      {children && <div className="max-w-md text-sm text-muted">{children}</div>}
      {action && <div className="mt-3 flex flex-wrap justify-center gap-2">{action}</div>}
    </Frame>
  )
}

export interface ErrorStateProps {
  title: string
  /** What happened and what to do. */
  message: string
  requestId?: string | null
  onRetry?: () => void
  action?: ReactNode
  className?: string
}

export function ErrorState({ title, message, requestId, onRetry, action, className }: ErrorStateProps) {
  return (
    <div role="alert">
      <Frame icon={<CircleAlert aria-hidden className="text-bad" />} title={title} className={className}>
        <p className="max-w-md text-sm text-muted">{message}</p>
        {requestId && (
          <p className="text-xs text-faint">
            Request <code className="font-mono select-all">{requestId}</code>
          </p>
        )}
        <div className="mt-3 flex flex-wrap justify-center gap-2">
          {onRetry && (
            <Button onClick={onRetry}>
              <RotateCw aria-hidden /> Try again
            </Button>
          )}
          {action}
        </div>
      </Frame>
    </div>
  )
}

/** A wait that fills its place; say what is awaited. */
export function Loading({ label, className }: { label: string; className?: string }) {
  return (
    <div
      role="status"
      className={cn('flex items-center justify-center gap-2 py-16 text-sm text-muted', className)}
    >
      <Spinner /> {label}
    </div>
  )
}
