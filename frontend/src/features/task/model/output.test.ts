import { describe, expect, it } from 'vitest'
import type { AnyOutput, OutputTool } from '@/api/types'
import {
  applyOutput,
  emptyOutput,
  type Item,
  MOST_ITEMS,
  type NumberedOutput,
  type OutputState,
} from './output'
import { rowsOf } from './rows'

function numbered(events: AnyOutput[], from = 1): NumberedOutput[] {
  return events.map((event, index) => ({ seq: from + index, event }))
}

function told(events: AnyOutput[], before: OutputState = emptyOutput): OutputState {
  return applyOutput(before, numbered(events, before.seq + 1))
}

function text(
  data: string,
  part_id = 'p1',
  over: Partial<Extract<AnyOutput, { type: 'output' }>> = {},
): AnyOutput {
  return { type: 'output', data, part_id, ...over }
}

function tool(over: Partial<OutputTool> = {}): AnyOutput {
  return { part_id: 't1', tool: 'bash', state: 'running', input: {}, ...over, type: 'tool' }
}

function summary(items: Item[]): string[] {
  return items.map((item) => {
    if (item.kind === 'text' || item.kind === 'reasoning') return `${item.kind}:${item.text}`
    if (item.kind === 'tool') return `tool:${item.call.state}`
    return item.kind
  })
}

describe('text', () => {
  it('joins the pieces of one part and keeps parts apart', () => {
    const state = told([text('Hel'), text('lo'), text('Next', 'p2')])
    expect(summary(state.items)).toEqual(['text:Hello', 'text:Next'])
  })

  it('goes on with an earlier part where it stands', () => {
    const state = told([text('a', 'p1'), text('b', 'p2'), text('c', 'p1')])
    expect(summary(state.items)).toEqual(['text:ac', 'text:b'])
  })

  it('keeps thoughts apart from speech', () => {
    const state = told([text('hm', 'p1', { kind: 'reasoning' }), text('yes', 'p2')])
    expect(summary(state.items)).toEqual(['reasoning:hm', 'text:yes'])
  })
})

describe('numbers', () => {
  it('ignores what came before, so that a replay doubles nothing', () => {
    const once = told([text('a'), text('b')])
    const twice = applyOutput(once, numbered([text('a'), text('b'), text('c')]))
    expect(summary(twice.items)).toEqual(['text:abc'])
    expect(twice.seq).toBe(3)
  })

  it('gives back the same state when nothing is new', () => {
    const once = told([text('a')])
    expect(applyOutput(once, numbered([text('a')]))).toBe(once)
  })

  it('does not depend on how events are batched', () => {
    const events = [
      text('a'),
      tool(),
      text('b', 'p2'),
      tool({ state: 'completed', output: 'ok' }),
      text('c', 'p2'),
    ]
    const atOnce = told(events)
    const oneByOne = events.reduce((state, event) => told([event], state), emptyOutput)
    expect(oneByOne).toEqual(atOnce)
  })

  it('leaves the state before untouched', () => {
    const before = told([text('a')])
    const copy = structuredClone(before)
    told([text('b'), tool()], before)
    expect(before).toEqual(copy)
  })
})

describe('tools', () => {
  it('replaces a call by its later states, in place', () => {
    const state = told([tool(), text('b'), tool({ state: 'completed', output: 'done', exit_code: 0 })])
    expect(summary(state.items)).toEqual(['tool:completed', 'text:b'])
  })
})

describe('status', () => {
  it('holds the newest, and keeps a line only of retries', () => {
    const state = told([
      { type: 'status', data: 'starting' },
      { type: 'status', data: 'retrying', message: 'overloaded', attempt: 1 },
      { type: 'status', data: 'retrying', message: 'still overloaded', attempt: 2 },
      { type: 'status', data: 'running' },
    ])
    expect(state.status?.data).toBe('running')
    expect(state.items).toMatchObject([{ kind: 'retry', message: 'still overloaded', attempt: 2 }])
  })

  it('begins a new line for retries after other output', () => {
    const retry: AnyOutput = { type: 'status', data: 'retrying', message: 'x', attempt: 1 }
    expect(summary(told([retry, text('a'), retry]).items)).toEqual(['retry', 'text:a', 'retry'])
  })
})

describe('plan, files and errors', () => {
  it('holds the newest plan and each file once', () => {
    const state = told([
      { type: 'todos', items: [{ content: 'one', status: 'pending' }] },
      { type: 'todos', items: [{ content: 'one', status: 'completed' }] },
      { type: 'file', path: 'a.py' },
      { type: 'file', path: 'a.py' },
      { type: 'error', name: 'APIError', message: 'no' },
    ])
    expect(state.todos).toEqual([{ content: 'one', status: 'completed' }])
    expect(state.files).toEqual(['a.py'])
    expect(summary(state.items)).toEqual(['error'])
  })
})

describe('snapshot', () => {
  it('replaces text and tools, and keeps asks after them', () => {
    const before = told([
      text('half a sent'),
      tool(),
      { type: 'ask', interaction_id: 'i1', kind: 'permission' },
    ])
    const state = told(
      [
        {
          type: 'snapshot',
          parts: [
            { type: 'output', data: 'half a sentence.', part_id: 'p1' },
            { type: 'tool', part_id: 't1', tool: 'bash', state: 'completed' },
          ],
        },
        text(' More.'),
      ],
      before,
    )
    expect(summary(state.items)).toEqual(['text:half a sentence. More.', 'tool:completed', 'ask'])
  })
})

describe('completion', () => {
  it('ends the status and tells verdict, duration and cost', () => {
    const state = told([
      { type: 'status', data: 'running' },
      {
        type: 'completion',
        data: {
          verdict: 'success',
          reason: null,
          duration_ms: 1500,
          tokens: { input: 3, output: 4 },
          cost: 0.5,
        },
      },
    ])
    expect(state.status).toBeNull()
    expect(state.completion).toEqual({
      verdict: 'success',
      reason: null,
      durationMs: 1500,
      tokens: { input: 3, output: 4 },
      cost: 0.5,
    })
  })

  it('survives one that says nothing', () => {
    expect(told([{ type: 'completion', data: {} }]).completion).toMatchObject({ verdict: 'failed', cost: 0 })
  })
})

describe('a very long run', () => {
  it('drops its beginning, counts what it dropped, and can still go on with what is kept', () => {
    const many = Array.from({ length: MOST_ITEMS + 1 }, (_, index) => text('x', `p${index}`))
    const long = told(many)
    expect(long.items.length + long.dropped).toBe(MOST_ITEMS + 1)
    expect(long.dropped).toBeGreaterThan(0)
    const more = told([text('y', `p${MOST_ITEMS}`)], long)
    expect(summary(more.items).at(-1)).toBe('text:xy')
  })
})

describe('rows', () => {
  it('puts each sub-agent under its own heading, though they work at once', () => {
    const state = told([
      text('main', 'p1'),
      { type: 'child', child: 'c1', title: 'Look around' },
      { type: 'child', child: 'c2', title: 'Write tests' },
      text('one', 'p2', { child: 'c1' }),
      text('two', 'p3', { child: 'c2' }),
      text('one more', 'p4', { child: 'c1' }),
      text('end', 'p5'),
    ])
    const rows = rowsOf(state.items).map(({ item, nested }) => {
      const words = item.kind === 'text' ? item.text : item.kind === 'child' ? `# ${item.title}` : item.kind
      return nested ? `  ${words}` : words
    })
    expect(rows).toEqual(['main', '# Look around', '  one', '  one more', '# Write tests', '  two', 'end'])
  })

  it('makes a heading for a sub-agent nobody introduced', () => {
    const rows = rowsOf(told([text('one', 'p2', { child: 'c1' })]).items)
    expect(rows.map(({ item }) => item.kind)).toEqual(['child', 'text'])
  })
})
