import { useEffect, useRef } from 'react'
import { useDark } from '@/lib/theme'
import { fillFrame } from '@/lib/trusted'

/**
 * What the workspace holds is nobody's to trust: the frame has no script, no origin of ours, and loads nothing;
 * pictures are in it as data.
 */
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"

const STYLE = `
  :root { color-scheme: light; } :root.dark { color-scheme: dark; }
  body { margin: 0; padding: 16px; font: 15px/1.6 system-ui, sans-serif; color: #1c2024; background: #fff; overflow-wrap: break-word }
  .dark body { color: #e6e8eb; background: #15171a }
  main { max-width: 46rem; margin: 0 auto }
  pre { overflow-x: auto; padding: 12px; border: 1px solid #8884; border-radius: 6px }
  code { font: 0.9em ui-monospace, monospace }
  table { border-collapse: collapse } th, td { border: 1px solid #8886; padding: 4px 8px; text-align: left }
  blockquote { margin: 0; padding-left: 12px; border-left: 3px solid #8886 }
  .picture { display: grid; place-items: center; min-height: calc(100vh - 32px) }
  .picture img { max-width: 100% }
  .link { text-decoration: underline }
`

/** Markup of the workspace, shown where it can do nothing. */
export function Frame({ title, body }: { title: string; body: string }) {
  const dark = useDark()
  const page = `<!doctype html><html class="${dark ? 'dark' : ''}"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${POLICY}"><style>${STYLE}</style></head><body>${body}</body></html>`
  const frame = useRef<HTMLIFrameElement>(null)
  useEffect(() => {
    if (frame.current) fillFrame(frame.current, page)
  }, [page])
  return <iframe ref={frame} title={title} sandbox="" className="h-full w-full border-0 bg-surface" />
}
