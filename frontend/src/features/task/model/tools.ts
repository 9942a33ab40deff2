/** What a tool call is, for people: which of a few shapes, and the one line that names it. */
import type { OutputTool } from '@/api/types'

export type ToolShape = 'shell' | 'edit' | 'task' | 'line'

const SHAPES: Record<string, ToolShape> = {
  bash: 'shell',
  shell: 'shell',
  edit: 'edit',
  multiedit: 'edit',
  write: 'edit',
  apply_patch: 'edit',
  patch: 'edit',
  task: 'task',
}

export function shapeOf(tool: string): ToolShape {
  return SHAPES[tool] ?? 'line'
}

function argument(call: OutputTool, ...names: string[]): string | null {
  for (const name of names) {
    const value = call.input?.[name]
    if (typeof value === 'string' && value) return value
  }
  return null
}

/** Tools name files by absolute path; what lies before the workspace says nothing to a reader. */
export function shortPath(path: string): string {
  return path.replace(/^.*\/workspace\//, '')
}

export function fileOf(call: OutputTool): string | null {
  const path = argument(call, 'filePath', 'file_path', 'path')
  return path && shortPath(path)
}

export function commandOf(call: OutputTool): string {
  return argument(call, 'command') ?? call.title ?? call.tool
}

/** "src/app.py" or "/TODO/ in src": what the call was about. */
export function subjectOf(call: OutputTool): string {
  const where = fileOf(call)
  const pattern = argument(call, 'pattern', 'query', 'url')
  if (call.tool === 'grep' && pattern) return where ? `/${pattern}/ in ${where}` : `/${pattern}/`
  if (call.tool === 'glob' && pattern) return where ? `${pattern} in ${where}` : pattern
  return where ?? pattern ?? argument(call, 'description', 'name') ?? call.title ?? ''
}

const VERBS: Record<string, string> = {
  read: 'Read',
  glob: 'Find files',
  grep: 'Search',
  list: 'List',
  ls: 'List',
  webfetch: 'Fetch',
  websearch: 'Search the web',
  todowrite: 'Update the plan',
  todoread: 'Read the plan',
  question: 'Ask',
  skill: 'Use skill',
  lsp: 'Inspect code',
  invalid: 'Invalid call',
  write: 'Write',
  edit: 'Edit',
  multiedit: 'Edit',
  apply_patch: 'Apply patch',
  patch: 'Apply patch',
  task: 'Sub-agent',
}

export function verbOf(tool: string): string {
  return VERBS[tool] ?? tool
}

/** The text a write or edit puts into the file, for when no diff was told. */
export function contentOf(call: OutputTool): string | null {
  return argument(call, 'content', 'newString', 'new_string', 'patchText', 'patch')
}

export function callDuration(call: OutputTool): number | null {
  if (!call.started_at || !call.ended_at) return null
  return Date.parse(call.ended_at) - Date.parse(call.started_at)
}
