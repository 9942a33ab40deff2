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

/** A piece of text, with the place it names, if any. */
export interface Piece {
  text: string
  place: Place | null
}

/** What may surround a name in a line, but belongs to none. */
const WORD = /[^\s"'`()[\]{}<>,;|=*]+/g
/** "src/a.py:12:" of a search, and the full stop of a sentence. */
const TAIL = /[.:!?]+$/
/** Lines longer than this are data, not words to read. */
const LONGEST_LINE = 2000

/** Cuts a text at the files it names; the pieces together are the text. */
export function placesIn(text: string): Piece[] {
  const pieces: Piece[] = []
  let done = 0
  for (const line of text.matchAll(/[^\n]+/g)) {
    if (line[0].length > LONGEST_LINE) continue
    for (const word of line[0].matchAll(WORD)) {
      const [shown, place] = named(word[0])
      if (!place) continue
      const start = line.index + word.index
      if (start > done) pieces.push({ text: text.slice(done, start), place: null })
      pieces.push({ text: shown, place: { path: place.path, line: place.line } })
      done = start + shown.length
    }
  }
  if (done < text.length) pieces.push({ text: text.slice(done), place: null })
  return pieces
}

/** What of a word names a file. What a search found may follow its place without a gap: "src/a.py:12:import os". */
function named(word: string): [name: string, place: Place | null] {
  if (word.includes('://')) return [word, null]
  const whole = word.replace(TAIL, '')
  const place = placeInText(whole)
  const before = place ? null : /^([^:]+:\d+):/.exec(word)?.[1]
  return before ? [before, placeInText(before)] : [whole, place]
}

export function placeInText(text: string): Place | null {
  const found = NAMED.exec(shortPath(text).replace(/^\.\//, ''))
  const path = found?.[1] && within(found[1])
  return path ? { path, line: found[2] ? Number(found[2]) : null } : null
}
