import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { attentionOptions } from '@/api/queries'

/** "(2) Website – OPM": the tab says from afar that somebody is waited for. */
export function titleOf(name: string | null, attention: number): string {
  const count = attention > 0 ? `(${attention}) ` : ''
  return `${count}${name ? `${name} – ` : ''}OPM`
}

export function useTitle(name: string | null): void {
  const { data } = useQuery(attentionOptions())
  const title = titleOf(name, data?.items.length ?? 0)
  useEffect(() => {
    document.title = title
  }, [title])
}
