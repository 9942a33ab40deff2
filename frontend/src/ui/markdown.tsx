import { lazy, Suspense } from 'react'
import { cn } from '@/lib/cn'

const Renderer = lazy(() => import('./markdown-renderer'))

export interface Links {
  /** Where the whole of a piece of code leads, if anywhere. */
  ofCode: (code: string) => string | null
  /** Running text, cut at what leads somewhere; the pieces together are the text. */
  inText: (text: string) => { text: string; to: string | null }[]
}

export interface MarkdownProps {
  text: string
  className?: string
  /** Where words of the text, or a piece of code, lead within this application. */
  links?: Links
}

/** Markdown of people and agents, sanitised. Until the renderer has loaded, the plain text is shown. */
export function Markdown({ text, className, links }: MarkdownProps) {
  return (
    <div className={cn('min-w-0 text-base leading-relaxed break-words', className)}>
      <Suspense fallback={<p className="whitespace-pre-wrap">{text}</p>}>
        <Renderer text={text} links={links} />
      </Suspense>
    </div>
  )
}
