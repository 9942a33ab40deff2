import { lazy, Suspense } from 'react'
import { cn } from '@/lib/cn'

const Renderer = lazy(() => import('./markdown-renderer'))

export interface MarkdownProps {
  text: string
  className?: string
  /** Where a word of code leads within this application, if anywhere. */
  linkFor?: (code: string) => string | null
}

/** Markdown of people and agents, sanitised. Until the renderer has loaded, the plain text is shown. */
export function Markdown({ text, className, linkFor }: MarkdownProps) {
  return (
    <div className={cn('min-w-0 text-base leading-relaxed break-words', className)}>
      <Suspense fallback={<p className="whitespace-pre-wrap">{text}</p>}>
        <Renderer text={text} linkFor={linkFor} />
      </Suspense>
    </div>
  )
}
