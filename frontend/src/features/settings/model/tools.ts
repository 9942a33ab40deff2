/** What an agent can do, and what happens when nothing is chosen; the server holds the same defaults. */
import type { Permission } from './config'

export interface Subject {
  id: string
  label: string
  byDefault: Permission
  why: string
  /** False for habits that are no tools and so cannot be taken away. */
  tool: boolean
}

const subject = (id: string, label: string, byDefault: Permission, why: string, tool = true): Subject => ({
  id,
  label,
  byDefault,
  why,
  tool,
})

export const SUBJECTS: Subject[] = [
  subject(
    'bash',
    'Run commands',
    'ask',
    'Commands can do anything you can, so each is asked for, except a few that only look (ls, git status…) and do not write what they see into a file.',
  ),
  subject('edit', 'Edit files', 'allow', 'The agent is there to write; every change is shown.'),
  subject(
    'webfetch',
    'Fetch from the web',
    'ask',
    'What is fetched can mislead the agent, and an address can carry your data away.',
  ),
  subject('websearch', 'Search the web', 'ask', 'A search sends words of your project to a search engine.'),
  subject('question', 'Ask you questions', 'allow', 'It waits for you instead of guessing.'),
  subject(
    'read',
    'Read files',
    'allow',
    'Inside the workspace only; .env files ask, unless you choose Allow.',
  ),
  subject('glob', 'Find files by name', 'allow', 'Only looks.'),
  subject('grep', 'Search in files', 'allow', 'Only looks.'),
  subject('list', 'List folders', 'allow', 'Only looks.'),
  subject(
    'task',
    'Call other agents',
    'allow',
    'They work under these permissions; explore and plan only look.',
  ),
  subject('todowrite', 'Keep a list of steps', 'allow', 'Its own notes; nothing is changed.'),
  subject('skill', 'Use skills of the workspace', 'allow', 'Instructions that the repository brings along.'),
  subject('lsp', 'Ask language servers', 'allow', 'Only looks.'),
  subject(
    'external_directory',
    'Reach outside the workspace',
    'deny',
    'Your other files are none of its business.',
    false,
  ),
  subject('doom_loop', 'Repeat itself', 'deny', 'The same call again and again only costs money.', false),
]
