import { X } from 'lucide-react'
import { type KeyboardEvent, useEffect, useRef } from 'react'
import { cn } from '@/lib/cn'
import { labelOf } from './model/tabs'

export const PANEL = 'file-panel'

export interface TabStripProps {
  paths: readonly string[]
  active: string
  dirty: ReadonlySet<string>
  onOpen: (path: string) => void
  onClose: (path: string) => void
}

/** The open files. Arrow keys go along them; Delete or a middle click closes one. */
export function TabStrip({ paths, active, dirty, onOpen, onClose }: TabStripProps) {
  const list = useRef<HTMLDivElement>(null)
  const tabbable = paths.includes(active) ? active : paths[0]
  const tabOf = (path: string) =>
    list.current?.querySelector<HTMLElement>(`[data-path="${CSS.escape(path)}"]`) ?? null
  // biome-ignore lint/correctness/useExhaustiveDependencies: another active file is the reason to scroll
  useEffect(() => {
    // Newer browsers answer with a promise, which an effect must not return.
    tabOf(active)?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [active])

  const onKeyDown = (event: KeyboardEvent, path: string) => {
    const at = paths.indexOf(path)
    const last = paths.length - 1
    const steps: Record<string, number> = {
      ArrowRight: at === last ? 0 : at + 1,
      ArrowLeft: at === 0 ? last : at - 1,
      Home: 0,
      End: last,
    }
    const next = paths[steps[event.key] ?? -1]
    if (next !== undefined) {
      onOpen(next)
      tabOf(next)?.focus()
    } else if (event.key === 'Delete') onClose(path)
    else return
    event.preventDefault()
  }

  return (
    <div
      ref={list}
      role="tablist"
      aria-label="Open files"
      className="flex h-9 shrink-0 overflow-x-auto overflow-y-hidden border-b bg-sunken scroll-thin"
    >
      {paths.map((path) => {
        const { name, where } = labelOf(paths, path)
        return (
          <div
            key={path}
            role="presentation"
            className={cn(
              'group flex shrink-0 items-center border-r pr-1',
              path === active ? 'bg-surface' : 'text-muted hover:bg-hover',
            )}
          >
            <button
              type="button"
              role="tab"
              id={path === active ? `${PANEL}-tab` : undefined}
              aria-selected={path === active}
              aria-controls={path === active ? PANEL : undefined}
              tabIndex={path === tabbable ? 0 : -1}
              data-path={path}
              title={path}
              onClick={() => onOpen(path)}
              onMouseDown={(event) => event.button === 1 && event.preventDefault()}
              onAuxClick={(event) => event.button === 1 && onClose(path)}
              onKeyDown={(event) => onKeyDown(event, path)}
              className={cn(
                'flex h-full items-center gap-1.5 pr-1 pl-3 text-sm whitespace-nowrap -outline-offset-2',
                path === active && 'font-medium text-ink',
              )}
            >
              {name}
              {where && <span className="text-xs font-normal text-muted">{where}</span>}
              {dirty.has(path) && (
                <span role="img" aria-label="unsaved" className="size-2 shrink-0 rounded-full bg-warn" />
              )}
            </button>
            {/* For the mouse and the finger; on a keyboard Delete does it, and the file has a button of its own. */}
            <span
              aria-hidden
              data-close={path}
              onClick={() => onClose(path)}
              className="flex size-5 cursor-pointer items-center justify-center rounded hover:bg-hover pointer-coarse:size-7"
            >
              <X className="size-3.5" />
            </span>
          </div>
        )
      })}
    </div>
  )
}
