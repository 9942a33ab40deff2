import { useVirtualizer } from '@tanstack/react-virtual'
import { ArrowDown } from 'lucide-react'
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import type { Interaction } from '@/api/types'
import { plural } from '@/lib/format'
import { Button } from '@/ui/button'
import type { OutputState } from '../model/output'
import { rowsOf } from '../model/rows'
import { LogRow } from './LogRow'

const NEAR_END = 32
const GUESS = 56

export interface OutputLogProps {
  output: OutputState
  asks: Interaction[]
}

/** The log of a run: follows the end, stays where the reader scrolls to, and offers the way back. */
export function OutputLog({ output, asks }: OutputLogProps) {
  const rows = useMemo(() => rowsOf(output.items), [output.items])
  const scroller = useRef<HTMLDivElement>(null)
  const lastTop = useRef(0)
  const [following, setFollowing] = useState(true)
  const [seen, setSeen] = useState(0)

  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => GUESS,
    getItemKey: (index) => rows[index]?.item.key ?? index,
    overscan: 8,
  })
  const height = virtual.getTotalSize()

  // biome-ignore lint/correctness/useExhaustiveDependencies: any growth, of rows or within one, is a reason
  useLayoutEffect(() => {
    const box = scroller.current
    if (box && following) box.scrollTop = box.scrollHeight
  }, [following, height, output.items])

  // Less room, such as when the feedback box appears, must not hide the end.
  useEffect(() => {
    const box = scroller.current
    if (!box || !following) return
    const observer = new ResizeObserver(() => {
      box.scrollTop = box.scrollHeight
    })
    observer.observe(box)
    return () => observer.disconnect()
  }, [following])

  const onScroll = () => {
    const box = scroller.current
    if (!box) return
    const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END
    const upwards = box.scrollTop < lastTop.current
    lastTop.current = box.scrollTop
    if (atEnd) setFollowing(true)
    else if (upwards && following) {
      setFollowing(false)
      setSeen(rows.length)
    }
  }

  const fresh = Math.max(0, rows.length - seen)
  return (
    <div className="relative min-h-0 flex-1">
      <div
        ref={scroller}
        role="log"
        aria-label="Output of the run"
        aria-live={following ? 'off' : 'polite'}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        onScroll={onScroll}
        className="h-full overflow-y-auto scroll-thin py-2 -outline-offset-2"
      >
        {output.dropped > 0 && (
          <p className="px-4 py-2 text-sm text-muted">
            {plural(output.dropped, 'earlier entry', 'earlier entries')} not shown.
          </p>
        )}
        <div className="relative w-full" style={{ height }}>
          {virtual.getVirtualItems().map((place) => {
            const row = rows[place.index]
            return (
              row && (
                <div
                  key={place.key}
                  ref={virtual.measureElement}
                  data-index={place.index}
                  className="absolute inset-x-0 top-0"
                  style={{ transform: `translateY(${place.start}px)` }}
                >
                  <LogRow row={row} asks={asks} />
                </div>
              )
            )
          })}
        </div>
      </div>
      {!following && (
        <Button
          size="sm"
          variant="primary"
          className="absolute bottom-3 left-1/2 -translate-x-1/2 rounded-full shadow-pop"
          onClick={() => setFollowing(true)}
        >
          <ArrowDown aria-hidden /> {fresh > 0 ? `${fresh} new` : 'To the end'}
        </Button>
      )}
    </div>
  )
}
