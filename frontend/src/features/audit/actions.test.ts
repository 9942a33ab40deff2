/** The words, against the sources of the server: it has no other list of what it writes into its log. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { actionsOf, RESOURCES, wordsFor } from './actions'

const FEATURES = resolve(import.meta.dirname, '../../../../backend/opm/server/features')

const sources = readdirSync(FEATURES, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.py'))
  .map((name) => readFileSync(join(FEATURES, name), 'utf8'))
  .filter((text) => text.includes('.audit('))

/** Also those that reach the log by way of a variable. */
function written(form: RegExp): string[] {
  const found = sources.flatMap((text) => [...text.matchAll(form)].map(([, name = '']) => name))
  return [...new Set(found)].sort()
}

const actions = written(/"([a-z_]+\.[a-z_]+)"/g)
const resources = written(/(?:[\w"], |^ +)\("([a-z_]+)", [\w."]+\)/gm)

describe('what the server writes into its log', () => {
  it('is found in its sources', () => {
    expect(actions).toEqual(
      expect.arrayContaining(['auth.refresh_reused', 'pod.stop', 'secret.used', 'user.enable', 'run.end']),
    )
    expect(resources).toEqual(expect.arrayContaining(['user', 'git_credential', 'interaction', 'file']))
  })

  it('has words for every action, so that each can be chosen in one of the filters', () => {
    expect(actions.filter((action) => wordsFor(action) === action)).toEqual([])
    const chosen = [...actionsOf('account'), ...actionsOf('project')]
    expect(actions.filter((action) => !chosen.includes(action))).toEqual([])
  })

  it('has words for everything that it is about', () => {
    expect(resources.filter((kind) => !RESOURCES[kind])).toEqual([])
  })
})

it('what happens with an account is chosen in its own log, and the rest in a project’s', () => {
  const account = actionsOf('account')
  expect(account).toEqual(expect.arrayContaining(['auth.sign_in', 'user.disable', 'token.create']))
  expect(account.filter((action) => actionsOf('project').includes(action))).toEqual([])
})
