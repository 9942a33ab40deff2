/** The rooms of the front end and their order, checked by reading every import. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

const SRC = resolve(import.meta.dirname)
const LONGEST = 250
/** A story with its false server may be longer than what it tells of. */
const LONGEST_TEST = 350

/** What each room may use besides itself. */
const ALLOWED: Record<string, string[]> = {
  app: ['features', 'realtime', 'api', 'ui', 'lib'],
  features: ['realtime', 'api', 'ui', 'lib'],
  realtime: ['api', 'lib'],
  api: ['lib'],
  ui: ['lib'],
  lib: [],
}

function files(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) return name === 'generated' ? [] : files(path)
    return /\.tsx?$/.test(name) ? [path] : []
  })
}

function importsOf(path: string): string[] {
  const text = readFileSync(path, 'utf8')
  const found = text.matchAll(/(?:from|import)\s*\(?\s*'((?:@\/|\.)[^']*)'/g)
  return [...found].map(([, target = '']) =>
    relative(SRC, target.startsWith('@/') ? join(SRC, target.slice(2)) : resolve(dirname(path), target)),
  )
}

function room(path: string): string {
  return path.split('/')[0] ?? ''
}

function trespasses(from: string, to: string): boolean {
  const rooms = ALLOWED[room(from)]
  if (!rooms || room(to) === '') return false
  if (room(from) !== room(to)) return !rooms.includes(room(to))
  return room(from) === 'features' && from.split('/')[1] !== to.split('/')[1]
}

const sources = files(SRC).map((path) => ({ path, name: relative(SRC, path) }))
/** What tests share stands in folders named `testing`, wherever it is needed. */
const ours = sources.filter(({ name }) => !/\.test\.|\/testing\//.test(name))

test('arrows only go down, and no feature knows another', () => {
  const found = ours.flatMap(({ path, name }) =>
    importsOf(path)
      .filter((target) => trespasses(name, target))
      .map((target) => `${name} -> ${target}`),
  )
  expect(ours.length).toBeGreaterThan(60)
  expect(found).toEqual([])
})

test('the check sees what it must see', () => {
  expect(trespasses('features/board/Card.tsx', 'features/task/api')).toBe(true)
  expect(trespasses('ui/button.tsx', 'api/types')).toBe(true)
  expect(trespasses('lib/format.ts', 'testing/server')).toBe(true)
  expect(trespasses('features/board/Card.tsx', 'features/board/model')).toBe(false)
  expect(importsOf(join(SRC, 'app/routes/BoardRoute.tsx'))).toEqual(
    expect.arrayContaining(['features/task/TaskPanel', 'app/ProjectLayout']),
  )
})

test('no file is too long to read', () => {
  const long = sources.flatMap(({ path, name }) => {
    const lines = readFileSync(path, 'utf8').split('\n').length
    return lines > (name.includes('.test.') ? LONGEST_TEST : LONGEST) ? [`${name}: ${lines}`] : []
  })
  expect(long).toEqual([])
})
