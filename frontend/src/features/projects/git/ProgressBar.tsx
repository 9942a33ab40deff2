import { cn } from '@/lib/cn'

/** Without a number it is faint and breathes, so that it is not taken for one that is full. */
export function ProgressBar({ label, percent }: { label: string; percent: number | null }) {
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent ?? undefined}
      className="h-1.5 overflow-hidden rounded-full bg-hover"
    >
      <div
        className={cn(
          'h-full rounded-full transition-[width]',
          percent === null ? 'animate-pulse bg-accent/35' : 'bg-accent',
        )}
        style={{ width: `${percent ?? 100}%` }}
      />
    </div>
  )
}
