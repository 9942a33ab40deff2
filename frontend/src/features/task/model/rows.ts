/** From the items of a run to the rows of its log: sub-agents under their own heading, the end always last. */
import type { Item } from './output'

export interface Row {
  item: Item
  /** True inside a sub-agent's section. */
  nested: boolean
}

function heading(child: string): Item {
  return { kind: 'child', key: `child:${child}`, child, title: 'Sub-agent' }
}

export function rowsOf(items: Item[]): Row[] {
  if (items.every(({ child }) => child === null)) return items.map((item) => ({ item, nested: false }))
  const sections = new Map<string, Item[]>()
  const order: Item[] = []
  for (const item of items) {
    if (item.child === null) {
      order.push(item)
      continue
    }
    let section = sections.get(item.child)
    if (!section) {
      section = []
      sections.set(item.child, section)
      order.push(heading(item.child))
    }
    if (item.kind === 'child') order[order.findIndex(({ key }) => key === item.key)] = item
    else section.push(item)
  }
  return order.flatMap((item) => [
    { item, nested: false },
    ...(item.kind === 'child' && item.child ? (sections.get(item.child) ?? []) : []).map((inner) => ({
      item: inner,
      nested: true,
    })),
  ])
}
