import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { ALargeSmall, Regex, SearchX, X } from 'lucide-react'
import { type KeyboardEvent, type ReactNode, type RefObject, useState } from 'react'
import { describe } from '@/api/errors'
import { searchFilesOptions } from '@/api/options'
import { cn } from '@/lib/cn'
import { useDebounced } from '@/lib/useDebounced'
import { IconButton } from '@/ui/icon-button'
import { Input } from '@/ui/input'
import { EmptyState, ErrorState, Loading } from '@/ui/states'
import { isStarting } from '../api'
import { Results } from './Results'

export type SearchKind = 'content' | 'name'

const KINDS: [SearchKind, string][] = [
  ['content', 'Contents'],
  ['name', 'Names'],
]

export interface SearchPanelProps {
  projectId: string
  kind: SearchKind
  box: RefObject<HTMLInputElement | null>
  onKind: (kind: SearchKind) => void
  onOpen: (path: string, line: number | null) => void
  onClose: () => void
  className?: string
}

/** Looks for words in the files or for files by their name; arrow keys go through what was found. */
export function SearchPanel({ projectId, kind, box, onKind, onOpen, onClose, className }: SearchPanelProps) {
  const [text, setText] = useState('')
  const [exact, setExact] = useState(false)
  const [regex, setRegex] = useState(false)
  const wanted = useDebounced(text.trim() ? text : '')
  const found = useQuery({
    ...searchFilesOptions({
      path: { project: projectId },
      query: { query: wanted, kind, case_sensitive: exact, regex },
    }),
    enabled: wanted !== '',
    placeholderData: keepPreviousData,
    retry: (failures, error) => isStarting(error) && failures < 10,
    staleTime: 5_000,
  })

  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (event.key === 'Escape') return onClose()
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (!step) return
    event.preventDefault()
    const hits = [...event.currentTarget.querySelectorAll<HTMLElement>('[data-hit]')]
    const at = hits.indexOf(document.activeElement as HTMLElement) + step
    if (at < 0) box.current?.focus()
    else hits[Math.min(at, hits.length - 1)]?.focus()
  }

  return (
    <section
      aria-label="Search in files"
      className={cn('flex min-h-0 flex-col bg-surface', className)}
      onKeyDown={onKeyDown}
    >
      <div className="flex h-10 shrink-0 items-center gap-0.5 border-b px-2">
        <fieldset aria-label="Search in" className="flex flex-1 gap-0.5">
          {KINDS.map(([value, label]) => (
            <button
              key={value}
              type="button"
              aria-pressed={kind === value}
              onClick={() => onKind(value)}
              className={cn(
                'h-7 rounded-md px-2 text-sm text-muted hover:bg-hover',
                kind === value && 'bg-sunken font-medium text-ink',
              )}
            >
              {label}
            </button>
          ))}
        </fieldset>
        <IconButton label="Close search" size="iconSm" onClick={onClose}>
          <X />
        </IconButton>
      </div>
      <div className="flex shrink-0 items-center gap-0.5 border-b p-2">
        <Input
          ref={box}
          type="search"
          autoFocus
          value={text}
          onChange={(event) => setText(event.target.value)}
          maxLength={1000}
          aria-label={kind === 'content' ? 'Search for text' : 'Search for names'}
          placeholder={kind === 'content' ? 'Text in files' : 'Part of a name'}
        />
        <Option label="Match case" on={exact} onToggle={setExact}>
          <ALargeSmall />
        </Option>
        <Option label="Regular expression" on={regex} onToggle={setRegex}>
          <Regex />
        </Option>
      </div>
      <div className="min-h-0 flex-1 overflow-auto scroll-thin" aria-busy={found.isFetching}>
        {wanted === '' ? (
          <p className="p-3 text-sm text-muted">
            What git ignores is left out, and the contents of files over 2 MB.
          </p>
        ) : found.isError ? (
          <ErrorState
            title="The search failed"
            {...describe(found.error)}
            onRetry={() => void found.refetch()}
          />
        ) : !found.data ? (
          <Loading label="Searching…" />
        ) : found.data.hits.length === 0 ? (
          <EmptyState icon={<SearchX aria-hidden />} title="Nothing found">
            {found.data.truncated
              ? 'The time was up before everything was searched: look for something more special.'
              : 'Try fewer letters, or look in the other kind.'}
          </EmptyState>
        ) : (
          <Results result={found.data} onOpen={onOpen} />
        )}
      </div>
    </section>
  )
}

interface OptionProps {
  label: string
  on: boolean
  onToggle: (on: boolean) => void
  children: ReactNode
}

function Option({ label, on, onToggle, children }: OptionProps) {
  return (
    <IconButton
      label={label}
      size="iconSm"
      aria-pressed={on}
      className={cn(on && 'bg-sunken text-ink')}
      onClick={() => onToggle(!on)}
    >
      {children}
    </IconButton>
  )
}
