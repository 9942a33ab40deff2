/** Unified diffs as lines with their numbers. Pure. */

export interface DiffLine {
  kind: 'add' | 'del' | 'same' | 'hunk' | 'note'
  text: string
  before: number | null
  after: number | null
}

const HUNK = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@(.*)$/

export function parseDiff(patch: string): DiffLine[] {
  const lines: DiffLine[] = []
  let before = 0
  let after = 0
  let olds = 0
  let news = 0
  for (const line of patch.split('\n')) {
    if (olds > 0 || news > 0) {
      if (line.startsWith('+')) {
        news -= 1
        lines.push({ kind: 'add', text: line.slice(1), before: null, after: after++ })
        continue
      }
      if (line.startsWith('-')) {
        olds -= 1
        lines.push({ kind: 'del', text: line.slice(1), before: before++, after: null })
        continue
      }
      if (line.startsWith(' ') || line === '') {
        olds -= 1
        news -= 1
        lines.push({ kind: 'same', text: line.slice(1), before: before++, after: after++ })
        continue
      }
    }
    if (line.startsWith('\\')) {
      lines.push({ kind: 'note', text: line.slice(1).trim(), before: null, after: null })
      continue
    }
    const hunk = HUNK.exec(line)
    if (!hunk) continue
    before = Number(hunk[1])
    olds = Number(hunk[2] ?? 1)
    after = Number(hunk[3])
    news = Number(hunk[4] ?? 1)
    lines.push({ kind: 'hunk', text: (hunk[5] ?? '').trim(), before: null, after: null })
  }
  return lines
}

export function countChanges(patch: string): { additions: number; deletions: number } {
  const lines = parseDiff(patch)
  return {
    additions: lines.filter(({ kind }) => kind === 'add').length,
    deletions: lines.filter(({ kind }) => kind === 'del').length,
  }
}
