import { type Shortcut, useShortcuts } from '@/lib/shortcuts'
import { Kbd } from './kbd'

/** Of two registrations of a key only the newer one answers. */
function answering(all: readonly Shortcut[]): Shortcut[] {
  return [...new Map(all.map((shortcut) => [shortcut.keys, shortcut])).values()]
}

/** Exactly what works on this page. */
export function ShortcutList() {
  const shortcuts = answering(useShortcuts())
  const groups = [...new Set(shortcuts.map(({ group }) => group))]
  return groups.map((group) => (
    <section key={group}>
      <h3 className="mb-1 text-xs font-medium text-faint">{group}</h3>
      <dl className="divide-y">
        {shortcuts
          .filter((shortcut) => shortcut.group === group)
          .map(({ keys, label }) => (
            <div key={keys} className="flex items-center justify-between gap-4 py-1.5 text-sm">
              <dt>{label}</dt>
              <dd>
                <Kbd shortcut={keys} />
              </dd>
            </div>
          ))}
      </dl>
    </section>
  ))
}
