/**
 * Trusted Types: the content policy of the server lets no text become markup, a script or a script's address unless one
 * of the policies it names has passed it. This is the one for everything that asks nobody. Import it before all else.
 */

/** The part of the browser's interface that is used here; not every browser has it. */
interface Rules {
  createHTML?: (text: string) => string | null
  createScript?: (text: string) => string | null
  createScriptURL?: (text: string) => string | null
}
interface Factory {
  createPolicy: (name: string, rules: Rules) => { createHTML: (text: string) => unknown }
}

/** Style sheets that Radix writes beside its lists, word for word; whatever differs is refused. */
const KNOWN_MARKUP = new Set(
  ['select', 'scroll-area'].map(
    (part) =>
      `[data-radix-${part}-viewport]{scrollbar-width:none;-ms-overflow-style:none;-webkit-overflow-scrolling:touch;}[data-radix-${part}-viewport]::-webkit-scrollbar{display:none}`,
  ),
)

/** Workers are files of the build; nothing else has a script's address. */
export function isBuiltScript(address: string, base: string): boolean {
  const url = URL.parse(address, base)
  if (url === null || url.origin !== new URL(base).origin) return false
  // the development server has no build
  const served = url.pathname.startsWith('/assets/') || import.meta.env.MODE === 'development'
  return served && url.pathname.endsWith('.js') && url.username === ''
}

export const RULES = {
  createHTML: (text: string) => (KNOWN_MARKUP.has(text) ? text : null),
  createScript: () => null,
  createScriptURL: (text: string) => (isBuiltScript(text, globalThis.location.href) ? text : null),
}

function factory(): Factory | undefined {
  return (globalThis as { trustedTypes?: Factory }).trustedTypes
}

factory()?.createPolicy('default', RULES)

const frames = factory()?.createPolicy('opm-frame', { createHTML: (text) => text })

/** Fills a frame that has no rights at all, and only such a frame. */
export function fillFrame(frame: HTMLIFrameElement, markup: string): void {
  if (frame.getAttribute('sandbox') !== '') throw new Error('Only a frame without any right may be filled.')
  frame.srcdoc = (frames?.createHTML(markup) ?? markup) as string
}
