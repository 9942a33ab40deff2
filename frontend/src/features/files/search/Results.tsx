import { useMemo } from 'react'
import type { SearchHit, SearchResult } from '@/api/types'
import { plural } from '@/lib/format'
import { nameOf, parentOf } from '../model/tree'

export interface ResultsProps {
  result: SearchResult
  onOpen: (path: string, line: number | null) => void
}

/** What was found, file by file. */
export function Results({ result, onOpen }: ResultsProps) {
  const files = useMemo(() => byFile(result.hits), [result.hits])
  return (
    <>
      <p role="status" className="px-3 py-1.5 text-xs text-muted">
        {summary(result, files.size)}
      </p>
      <ul aria-label="Found" className="pb-2">
        {[...files].map(([path, hits]) => (
          <li key={path}>
            <button
              type="button"
              data-hit
              title={path}
              onClick={() => onOpen(path, hits[0]?.line ?? null)}
              className="flex w-full items-baseline gap-1.5 px-3 py-1 text-left text-sm -outline-offset-2 hover:bg-hover"
            >
              <span className="shrink-0 font-medium">{nameOf(path)}</span>
              <span className="min-w-0 truncate text-xs text-muted">{parentOf(path)}</span>
            </button>
            <ul>
              {hits.map(
                ({ line, column, text }) =>
                  line != null && (
                    <li key={`${line}:${column}`}>
                      <button
                        type="button"
                        data-hit
                        aria-label={`Line ${line}: ${text?.trim()}`}
                        onClick={() => onOpen(path, line)}
                        className="flex w-full gap-2 px-3 py-0.5 text-left font-mono text-xs -outline-offset-2 hover:bg-hover"
                      >
                        <span className="w-8 shrink-0 text-right text-faint">{line}</span>
                        <span className="truncate">{text?.trim()}</span>
                      </button>
                    </li>
                  ),
              )}
            </ul>
          </li>
        ))}
      </ul>
    </>
  )
}

function byFile(hits: readonly SearchHit[]): Map<string, SearchHit[]> {
  const files = new Map<string, SearchHit[]>()
  for (const hit of hits) files.set(hit.path, [...(files.get(hit.path) ?? []), hit])
  return files
}

function summary({ hits, truncated }: SearchResult, files: number): string {
  const some = hits.some(({ line }) => line != null)
    ? `${plural(hits.length, 'place')} in ${plural(files, 'file')}`
    : plural(files, 'file')
  return truncated ? `The first ${some}; there may be more.` : some
}
