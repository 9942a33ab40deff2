import { type ComponentProps, useMemo } from 'react'
import ReactMarkdown, { type Components, type ExtraProps } from 'react-markdown'
import { Link } from 'react-router'
import rehypeSanitize from 'rehype-sanitize'
import remarkGfm from 'remark-gfm'
import { linkWords } from './link-words'
import type { Links, MarkdownProps } from './markdown'

const LINK = 'text-accent-ink underline underline-offset-2'

const COMPONENTS: Components = {
  a: ({ node, ...props }) =>
    node?.data?.within ? (
      <Link to={props.href ?? ''} className={LINK}>
        {props.children}
      </Link>
    ) : (
      <a className={LINK} target="_blank" rel="noopener noreferrer" {...props} />
    ),
  h1: ({ node: _, ...props }) => <h3 className="mt-4 mb-2 text-lg font-semibold first:mt-0" {...props} />,
  h2: ({ node: _, ...props }) => <h4 className="mt-4 mb-1.5 font-semibold first:mt-0" {...props} />,
  h3: ({ node: _, ...props }) => <h5 className="mt-3 mb-1 font-semibold first:mt-0" {...props} />,
  p: ({ node: _, ...props }) => <p className="my-2 first:mt-0 last:mb-0" {...props} />,
  ul: ({ node: _, ...props }) => <ul className="my-2 list-disc pl-5" {...props} />,
  ol: ({ node: _, ...props }) => <ol className="my-2 list-decimal pl-5" {...props} />,
  li: ({ node: _, ...props }) => <li className="my-0.5" {...props} />,
  blockquote: ({ node: _, ...props }) => (
    <blockquote className="my-2 border-l-2 border-line-strong pl-3 text-muted" {...props} />
  ),
  code: Code,
  pre: ({ node: _, ...props }) => (
    <pre
      // Long lines scroll, and what scrolls must be reachable by keyboard.
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scroll container has to take the focus
      tabIndex={0}
      className="my-2 overflow-x-auto scroll-thin rounded-md border bg-sunken p-3 text-sm [&_code]:bg-transparent [&_code]:p-0"
      {...props}
    />
  ),
  table: ({ node: _, ...props }) => (
    <div className="my-2 overflow-x-auto scroll-thin">
      <table
        className="text-sm [&_td]:border [&_td]:px-2 [&_td]:py-1 [&_th]:border [&_th]:px-2 [&_th]:py-1 [&_th]:text-left"
        {...props}
      />
    </div>
  ),
  input: ({ node: _, checked, ...props }) => (
    <input {...props} checked={checked} readOnly aria-label={checked ? 'done' : 'open'} className="mr-1.5" />
  ),
  // Pictures would be fetched from wherever the text says.
  img: ({ node: _, alt, src }) => <span className="text-muted">[image: {alt || String(src ?? '')}]</span>,
}

function Code({ node: _, ...props }: ComponentProps<'code'> & ExtraProps) {
  return <code className="rounded bg-sunken px-1 py-0.5 font-mono text-[0.9em]" {...props} />
}

/** Words of code that lead somewhere are links; a block of code ends in a line break and never is one. */
function linking({ ofCode }: Links): Components {
  return {
    ...COMPONENTS,
    code: (props) => {
      const to = typeof props.children === 'string' ? ofCode(props.children) : null
      if (!to) return <Code {...props} />
      return (
        <Link to={to} className={LINK}>
          <Code {...props} />
        </Link>
      )
    },
  }
}

/** Without the other schemes that the renderer knows: a chat client is not to be started by what an agent says. */
export function webAddress(address: string): string {
  const scheme = /^[^/?#]*?:/.exec(address)?.[0].toLowerCase()
  return scheme === undefined || ['http:', 'https:', 'mailto:'].includes(scheme) ? address : ''
}

export default function MarkdownRenderer({ text, links }: Omit<MarkdownProps, 'className'>) {
  const components = useMemo(() => (links ? linking(links) : COMPONENTS), [links])
  return (
    <ReactMarkdown
      remarkPlugins={[remarkGfm]}
      // What was sanitised cannot claim to be a link of our own.
      rehypePlugins={links ? [rehypeSanitize, [linkWords, links.inText]] : [rehypeSanitize]}
      components={components}
      urlTransform={(address) => webAddress(address) || null}
    >
      {text}
    </ReactMarkdown>
  )
}
