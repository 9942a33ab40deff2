/** The output of a run as a pure reducer: numbered events in, what a reader sees out. */
import type { AnyOutput, OutputStatus, OutputTool } from '@/api/types'

export interface NumberedOutput {
  seq: number
  event: AnyOutput
}

interface Base {
  key: string
  /** The sub-agent it belongs to; null is the run itself. */
  child: string | null
}

export interface TextItem extends Base {
  kind: 'text' | 'reasoning'
  text: string
}
export interface ToolItem extends Base {
  kind: 'tool'
  call: OutputTool
}
export interface RetryItem extends Base {
  kind: 'retry'
  message: string
  attempt: number | null
}
export interface AskItem extends Base {
  kind: 'ask'
  interactionId: string
  ask: 'permission' | 'question'
}
export interface ErrorItem extends Base {
  kind: 'error'
  name: string
  message: string
}
export interface ChildItem extends Base {
  kind: 'child'
  title: string
}
export interface CompletionItem extends Base {
  kind: 'completion'
  completion: Completion
}

export type Item = TextItem | ToolItem | RetryItem | AskItem | ErrorItem | ChildItem | CompletionItem

export interface Completion {
  verdict: string
  reason: string | null
  durationMs: number | null
  tokens: Record<string, number>
  cost: number
}

export interface Todo {
  content: string
  status: string
  priority?: string
}

export interface OutputState {
  /** The number of the last event taken in; what is older is ignored when it comes again. */
  seq: number
  items: Item[]
  /** How many items at the beginning were dropped because the log grew too long. */
  dropped: number
  status: OutputStatus | null
  todos: Todo[]
  files: string[]
  completion: Completion | null
}

export const MOST_ITEMS = 20_000

export const emptyOutput: OutputState = {
  seq: 0,
  items: [],
  dropped: 0,
  status: null,
  todos: [],
  files: [],
  completion: null,
}

/** A batch at a time, because at full speed there are many events per painted frame. */
export function applyOutput(before: OutputState, batch: NumberedOutput[]): OutputState {
  const fresh = batch.filter(({ seq }) => seq > before.seq)
  if (fresh.length === 0) return before
  const draft = new Draft(before)
  for (const { seq, event } of fresh) draft.take(seq, event)
  return draft.finish()
}

class Draft {
  private readonly state: OutputState
  private readonly places = new Map<string, number>()

  constructor(before: OutputState) {
    this.state = { ...before, items: [...before.items], files: [...before.files] }
    this.index()
  }

  take(seq: number, event: AnyOutput): void {
    this.state.seq = seq
    switch (event.type) {
      case 'output':
        this.text(event.part_id, event.kind ?? 'text', event.data, event.child ?? null)
        break
      case 'tool':
        this.tool(event)
        break
      case 'status':
        this.status(seq, event)
        break
      case 'todos':
        this.state.todos = event.items as unknown as Todo[]
        break
      case 'ask':
        this.put({
          kind: 'ask',
          key: `ask:${event.interaction_id}`,
          child: null,
          interactionId: event.interaction_id,
          ask: event.kind,
        })
        break
      case 'answered':
        // The interaction itself says so; the log only needs to know that there was an ask.
        break
      case 'file':
        if (!this.state.files.includes(event.path)) this.state.files.push(event.path)
        break
      case 'child':
        this.child(event.child, event.title)
        break
      case 'error':
        this.put({
          kind: 'error',
          key: `error:${seq}`,
          child: null,
          name: event.name,
          message: event.message,
        })
        break
      case 'snapshot':
        this.snapshot(event.parts as AnyOutput[])
        break
      case 'completion':
        this.complete(event.data)
        break
    }
  }

  finish(): OutputState {
    const excess = this.state.items.length - MOST_ITEMS
    if (excess > 0) {
      // A tenth more than needed, so that this is not done again for every event.
      const drop = excess + MOST_ITEMS / 10
      this.state.items = this.state.items.slice(drop)
      this.state.dropped += drop
    }
    return this.state
  }

  private text(part: string, kind: 'text' | 'reasoning', data: string, child: string | null): void {
    const key = `part:${part}`
    const place = this.places.get(key)
    const held = place === undefined ? undefined : this.state.items[place]
    if (place !== undefined && held && (held.kind === 'text' || held.kind === 'reasoning')) {
      this.state.items[place] = { ...held, text: held.text + data }
    } else this.put({ kind, key, child, text: data })
  }

  private tool(call: OutputTool): void {
    this.put({ kind: 'tool', key: `part:${call.part_id}`, child: call.child ?? null, call })
  }

  private status(seq: number, event: OutputStatus): void {
    this.state.status = event
    if (event.data !== 'retrying') return
    const message = event.message ?? 'The provider did not answer.'
    const attempt = event.attempt ?? null
    const last = this.state.items.at(-1)
    if (last?.kind === 'retry') this.state.items[this.state.items.length - 1] = { ...last, message, attempt }
    else this.put({ kind: 'retry', key: `retry:${seq}`, child: null, message, attempt })
  }

  private child(child: string, title: string): void {
    this.put({ kind: 'child', key: `child:${child}`, child, title })
  }

  /** After a restart of the server: the parts as they stand now replace all text and tools told before. */
  private snapshot(parts: AnyOutput[]): void {
    const kept = this.state.items.filter(
      ({ kind }) => kind !== 'text' && kind !== 'reasoning' && kind !== 'tool',
    )
    this.state.items = kept.filter(({ kind }) => kind === 'child')
    this.index()
    for (const part of parts) {
      if (part.type === 'output') this.text(part.part_id, part.kind ?? 'text', part.data, part.child ?? null)
      else if (part.type === 'tool') this.tool(part)
    }
    for (const item of kept) if (item.kind !== 'child') this.put(item)
  }

  private complete(data: Record<string, unknown>): void {
    const completion = readCompletion(data)
    this.state.completion = completion
    this.state.status = null
    this.put({ kind: 'completion', key: 'completion', child: null, completion })
  }

  private put(item: Item): void {
    const place = this.places.get(item.key)
    if (place === undefined) {
      this.places.set(item.key, this.state.items.length)
      this.state.items.push(item)
    } else this.state.items[place] = item
  }

  private index(): void {
    this.places.clear()
    this.state.items.forEach((item, place) => {
      this.places.set(item.key, place)
    })
  }
}

function readCompletion(data: Record<string, unknown>): Completion {
  return {
    verdict: String(data.verdict ?? 'failed'),
    reason: typeof data.reason === 'string' && data.reason ? data.reason : null,
    durationMs: typeof data.duration_ms === 'number' ? data.duration_ms : null,
    tokens: (data.tokens as Record<string, number> | null) ?? {},
    cost: typeof data.cost === 'number' ? data.cost : 0,
  }
}
