import { Skeleton } from '@/ui/card'

const COLUMNS = [3, 1, 2, 1, 2]

export function BoardSkeleton() {
  return (
    <div role="status" className="flex h-full gap-3 overflow-hidden px-3 pb-3">
      <span className="sr-only">Loading the board</span>
      {COLUMNS.map((cards, column) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a fixed picture, never reordered
        <div key={column} className="flex min-w-56 flex-1 flex-col gap-2 max-md:first:min-w-full">
          <Skeleton className="my-2 ml-1.5 h-5 w-24" />
          <div className="flex flex-1 flex-col gap-2 rounded-lg bg-sunken p-2">
            {Array.from({ length: cards }, (_, card) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a fixed picture, never reordered
              <Skeleton key={card} className="h-20" />
            ))}
          </div>
        </div>
      ))}
    </div>
  )
}
