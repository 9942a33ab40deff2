/** Markdown as markup for the frame; loaded when it is first wanted. */
import { renderToStaticMarkup } from 'react-dom/server'
import ReactMarkdown, { type Components } from 'react-markdown'
import rehypeSanitize from 'rehype-sanitize'
import remarkGfm from 'remark-gfm'

const COMPONENTS: Components = {
  // A frame without rights cannot open anything, so that a link only tells where it points.
  a: ({ children, href }) => (
    <span className="link" title={href}>
      {children}
    </span>
  ),
  img: ({ alt, src }) => <em>[image: {alt || String(src ?? '')}]</em>,
}

export function markdownMarkup(text: string): string {
  return renderToStaticMarkup(
    <main>
      <ReactMarkdown remarkPlugins={[remarkGfm]} rehypePlugins={[rehypeSanitize]} components={COMPONENTS}>
        {text}
      </ReactMarkdown>
    </main>,
  )
}
