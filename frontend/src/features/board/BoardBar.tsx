import { ListChecks, Search, Trash2 } from 'lucide-react'
import { useRef } from 'react'
import { plural } from '@/lib/format'
import { useReadOnly } from '@/lib/readOnly'
import { useShortcut } from '@/lib/shortcuts'
import { Button } from '@/ui/button'
import { IconButton } from '@/ui/icon-button'
import { Input } from '@/ui/input'
import { Select } from '@/ui/select'
import { type Filtering, isFiltering, SHOWN, type Shown } from './filter'
import type { Selection } from './useSelection'

const OPTIONS = Object.entries(SHOWN).map(([value, label]) => ({ value, label }))

export interface BoardBarProps {
  filtering: Filtering
  selection: Selection
  shown: number
  all: number
  onDeleted: () => void
}

/** What of the board is shown, and the way to choose several cards. */
export function BoardBar({ filtering, selection, shown, all, onDeleted }: BoardBarProps) {
  const { filter, change, clear } = filtering
  const readOnly = useReadOnly()
  const box = useRef<HTMLInputElement>(null)
  useShortcut('/', 'Search the cards', 'Board', () => {
    box.current?.focus()
    box.current?.select()
  })
  return (
    <search aria-label="Cards" className="flex shrink-0 flex-wrap items-center gap-2 px-3 pt-2 pb-1">
      <div className="relative min-w-28 flex-1 sm:max-w-64">
        <Search aria-hidden className="absolute top-2 left-2 size-4 text-faint" />
        <Input
          ref={box}
          type="search"
          aria-label="Search the cards"
          placeholder="Search cards"
          className="pl-8"
          value={filter.words}
          onChange={(event) => change({ words: event.target.value })}
          onKeyDown={(event) => {
            if (event.key !== 'Escape') return
            change({ words: '' })
            box.current?.blur()
          }}
        />
      </div>
      <Select
        aria-label="Show"
        className="w-34"
        value={filter.shown}
        options={OPTIONS}
        onValueChange={(value) => change({ shown: value as Shown })}
      />
      {isFiltering(filter) && (
        <>
          <span role="status" className="text-xs text-muted tabular-nums">
            {shown} of {plural(all, 'card')}
          </span>
          <Button size="sm" variant="ghost" onClick={clear}>
            Clear
          </Button>
        </>
      )}
      <div className="ml-auto flex items-center gap-0.5">
        <IconButton label="Deleted cards" onClick={onDeleted}>
          <Trash2 />
        </IconButton>
        {!readOnly && (
          <IconButton
            label="Select cards"
            shortcut="x"
            aria-pressed={selection.on}
            onClick={selection.on ? selection.clear : selection.start}
          >
            <ListChecks />
          </IconButton>
        )}
      </div>
    </search>
  )
}
