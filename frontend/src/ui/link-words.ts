/** Makes links of words in the text of a document, for what renders Markdown. */
import type { Element, ElementContent, Root } from 'hast'
import type { Links } from './markdown'

declare module 'hast' {
  interface ElementData {
    /** The link was made here and leads to a place within this application. */
    within?: boolean
  }
}

/** Code is cut by no one, and a link holds no other. */
const LEFT_ALONE = new Set(['a', 'code', 'pre'])

export function linkWords(inText: Links['inText']) {
  const walk = (parent: Root | Element) => {
    parent.children = parent.children.flatMap((child): ElementContent[] => {
      if (child.type === 'text') return piecesOf(child.value, inText)
      if (child.type === 'element' && !LEFT_ALONE.has(child.tagName)) walk(child)
      return child.type === 'doctype' ? [] : [child]
    })
  }
  return walk
}

function piecesOf(text: string, inText: Links['inText']): ElementContent[] {
  return inText(text).map(({ text: value, to }) => {
    const word = { type: 'text' as const, value }
    if (to === null) return word
    const properties = { href: to }
    return { type: 'element', tagName: 'a', properties, children: [word], data: { within: true } }
  })
}
