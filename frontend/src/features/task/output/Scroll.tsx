import { Linked } from './Linked'

/** Plain text of any length in a box that scrolls. */
export function Scroll({ text, label }: { text: string; label: string }) {
  return (
    <section
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
      className="max-h-64 overflow-auto scroll-thin -outline-offset-2"
    >
      <pre className="px-3 py-2 font-mono text-xs leading-5 break-words whitespace-pre-wrap">
        <Linked text={text.trimEnd()} />
      </pre>
    </section>
  )
}
