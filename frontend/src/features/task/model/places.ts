/** Where in the workspace an agent speaks of a file. Pure. */
import type { OutputTool } from '@/api/types'
import { fileOf, shortPath } from './tools'

export interface Place {
  path: string
  line: number | null
}

/** The tools whose argument names one file, not a folder to look in. */
const OF_ONE_FILE = new Set(['read', 'write', 'edit', 'multiedit'])

const ENDINGS =
  'c|cc|cfg|conf|cpp|cs|css|csv|dart|env|ex|exs|go|gradle|h|hpp|html|ini|java|js|json|jsx|kt|less|lock|lua|md|mjs|php|pl|png|proto|py|pyi|rb|rs|rst|sass|scala|scss|sh|sql|svelte|svg|swift|toml|ts|tsx|txt|vue|xml|yaml|yml'
const NAMES = 'Makefile|Dockerfile|LICENSE|README|CHANGELOG|Gemfile|Procfile|Jenkinsfile'
const STEP = '[\\w.@+-]+'
/** "src/app.py:12" and "Makefile" are files; "and/or", "app.run" and "1.5" may well not be. */
const NAMED = new RegExp(`^((?:${STEP}/)*(?:${STEP}\\.(?:${ENDINGS})|${NAMES}))(?::(\\d+)(?:[:-]\\d+)?)?$`)

/** The path from the root of the workspace; null if it leads out of it. */
function within(path: string): string | null {
  const short = shortPath(path).replace(/^\.\//, '')
  return short === '' || short.startsWith('/') || short.split('/').includes('..') ? null : short
}

export function placeOfCall(call: OutputTool): Place | null {
  const named = OF_ONE_FILE.has(call.tool) ? fileOf(call) : null
  const path = named && within(named)
  if (!path) return null
  const offset = call.tool === 'read' ? call.input?.offset : null
  return { path, line: typeof offset === 'number' && offset > 0 ? offset : null }
}

export function placeInText(text: string): Place | null {
  const found = NAMED.exec(shortPath(text).replace(/^\.\//, ''))
  const path = found?.[1] && within(found[1])
  return path ? { path, line: found[2] ? Number(found[2]) : null } : null
}
