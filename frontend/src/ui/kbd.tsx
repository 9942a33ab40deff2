import { cn } from '@/lib/cn'
import { useWorks } from '@/lib/shortcuts'

/** "mod+k" is shown as the keys of this platform. */
export function keysOf(shortcut: string): string[] {
  const mac = /mac|iphone|ipad/i.test(navigator.platform)
  const names: Record<string, string> = {
    mod: mac ? '⌘' : 'Ctrl',
    shift: mac ? '⇧' : 'Shift',
    alt: mac ? '⌥' : 'Alt',
    enter: '↵',
    escape: 'Esc',
    arrowup: '↑',
    arrowdown: '↓',
    arrowleft: '←',
    arrowright: '→',
  }
  return shortcut.split('+').map((key) => names[key.toLowerCase()] ?? key.toUpperCase())
}

/** Nothing for a key that is turned off. */
export function Kbd({ shortcut, className }: { shortcut: string; className?: string }) {
  if (!useWorks(shortcut)) return null
  return (
    <span className={cn('inline-flex gap-0.5', className)}>
      {keysOf(shortcut).map((key) => (
        <kbd
          key={key}
          className="inline-flex h-[18px] min-w-[18px] items-center justify-center rounded border border-line-strong/60 bg-sunken px-1 font-sans text-2xs text-muted"
        >
          {key}
        </kbd>
      ))}
    </span>
  )
}
