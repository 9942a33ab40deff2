/** A workspace and an editor to test the page with. */
import { act, screen } from '@testing-library/react'
import { HttpResponse, http } from 'msw'
import { vi } from 'vitest'
import type { Entry, FileChanged, Rename as RenameFile, WriteFile } from '@/api/types'
import { aProject } from '@/testing/builders'
import { renderAt } from '@/testing/render'
import { ORIGIN, page, refusal, server } from '@/testing/server'
import { FakeWebSocket } from '@/testing/socket'
import type { CompareProps, EditorProps, Editors } from '../editor'
import FilesPage from '../FilesPage'

/** A plain editor with the manners of the real one: its text is its own until the revision grows. */
export const PLAIN: Editors = {
  Editor: ({ path, text, revision, onChange, onSave, line }: EditorProps) => (
    <textarea
      key={`${path}:${revision}`}
      aria-label="File content"
      data-line={line}
      defaultValue={text}
      onChange={(event) => onChange(event.target.value)}
      onKeyDown={(event) => {
        if (event.ctrlKey && event.key === 's') onSave()
      }}
    />
  ),
  Compare: ({ theirs, mine }: CompareProps) => (
    <p>
      {theirs} against {mine}
    </p>
  ),
}

interface Encoded {
  /** As they lie on disk, where that is not the text in UTF-8. */
  bytes: Uint8Array<ArrayBuffer>
  /** What the server takes it for. */
  encoding: string
}

interface StoredFile extends Partial<Encoded> {
  text: string
  etag: string
}

/** A workspace that checks tags as the real one does. */
export class Workspace {
  readonly writes: WriteFile[] = []
  readonly deleted: string[] = []
  /** Entries of a directory that one answer holds. */
  most = 10_000
  /** The files as they were committed last; null where there is no repository. */
  committed: Record<string, string | Encoded> | null = {}
  /** Runs of the agent and what each changed. */
  runs: { id: string; title: string; files: { file: string; patch: string }[]; known?: boolean }[] = []

  constructor(readonly files: Record<string, StoredFile>) {}

  handlers() {
    const base = `${ORIGIN}/api/projects/project/files`
    const query = (request: Request) => new URL(request.url).searchParams.get('path') ?? ''
    return [
      ...this.runsHandlers(),
      http.get(`${base}/tree`, ({ request }) => {
        const after = new URL(request.url).searchParams.get('after')
        return HttpResponse.json(this.tree(query(request), after) as never)
      }),
      http.get(`${base}/content`, ({ request }) => {
        const file = this.files[query(request)]
        if (!file) return refusal(404, 'There is no such file.')
        const binary = file.text.includes('\0')
        return new HttpResponse(file.bytes ?? file.text, {
          headers: {
            ...(file.encoding && { 'x-file-encoding': file.encoding }),
            etag: file.etag,
            'x-opm-binary': String(binary),
            'content-length': String(file.bytes?.length ?? file.text.length),
          },
        })
      }),
      http.get(`${base}/original`, ({ request }) => {
        const found = this.committed?.[query(request)]
        if (typeof found === 'string') return new HttpResponse(found)
        if (found) return new HttpResponse(found.bytes, { headers: { 'x-file-encoding': found.encoding } })
        return refusal(404, 'Not there.', { reason: this.committed ? 'not_committed' : 'no_repository' })
      }),
      http.get(`${base}/search`, ({ request }) =>
        HttpResponse.json(this.search(new URL(request.url).searchParams) as never),
      ),
      http.post(`${base}/write`, async ({ request }) => this.write((await request.json()) as WriteFile)),
      http.post(`${base}/rename`, async ({ request }) => {
        this.rename((await request.json()) as RenameFile)
        return new HttpResponse(null, { status: 204 })
      }),
      http.delete(base, ({ request }) => {
        this.deleted.push(query(request))
        delete this.files[query(request)]
        return new HttpResponse(null, { status: 204 })
      }),
    ]
  }

  private runsHandlers() {
    const base = `${ORIGIN}/api/projects/project`
    const run = (id: string | readonly string[] | undefined) => this.runs.find((one) => one.id === id)
    const shown = ({ id, title }: { id: string; title: string }) => ({
      id,
      task_id: `card-${id}`,
      task_title: title,
      execution_start_at: '2026-01-01T00:00:00Z',
      created_at: '2026-01-01T00:00:00Z',
    })
    return [
      http.get(`${base}/sessions`, () => HttpResponse.json(page(this.runs.map(shown)) as never)),
      http.get(`${base}/sessions/:id`, ({ params }) => {
        const found = run(params.id)
        return found ? HttpResponse.json(shown(found) as never) : refusal(404, 'There is no such run.')
      }),
      http.get(`${base}/tasks/:task/diff`, ({ params }) => {
        const found = run(String(params.task).replace('card-', ''))
        return HttpResponse.json({
          ...{ session_id: found?.id, live: false },
          ...{ known: found?.known ?? true, files: found?.files ?? [] },
        } as never)
      }),
    ]
  }

  private search(wish: URLSearchParams) {
    const query = wish.get('query') ?? ''
    const hits = Object.entries(this.files).flatMap(([path, { text }]) =>
      wish.get('kind') === 'name'
        ? path.includes(query)
          ? [{ path }]
          : []
        : text
            .split('\n')
            .map((found, index) => ({ path, line: index + 1, column: found.indexOf(query) + 1, text: found }))
            .filter(({ column }) => column > 0),
    )
    return { hits, truncated: query === 'much', took_ms: 1 }
  }

  private rename({ path, to }: RenameFile) {
    for (const [name, file] of Object.entries(this.files)) {
      if (name !== path && !name.startsWith(`${path}/`)) continue
      delete this.files[name]
      this.files[to + name.slice(path.length)] = file
    }
  }

  private tree(directory: string, after: string | null) {
    const prefix = directory ? `${directory}/` : ''
    const entries = new Map<string, Partial<Entry>>()
    for (const path of Object.keys(this.files).filter((name) => name.startsWith(prefix))) {
      const name = path.slice(prefix.length).split('/')[0] ?? ''
      const type = path === prefix + name ? 'file' : 'directory'
      entries.set(name, { name, path: prefix + name, type, size: 1 })
    }
    const all = [...entries.values()]
    const begin = after === null ? 0 : all.findIndex(({ name }) => name === after) + 1
    const shown = all.slice(begin, begin + this.most)
    const next = begin + this.most < all.length ? shown.at(-1)?.name : null
    return { path: directory, entries: shown, truncated: next !== null, next }
  }

  private write(wish: WriteFile) {
    this.writes.push(wish)
    const found = this.files[wish.path]
    if (!wish.base_etag && found) return refusal(409, 'There is one.', { reason: 'exists', etag: found.etag })
    if (wish.base_etag && !found) return refusal(409, 'Deleted.', { reason: 'deleted', etag: null })
    if (wish.base_etag && found && found.etag !== wish.base_etag) {
      return refusal(409, 'Changed.', { reason: 'changed', etag: found.etag })
    }
    const etag = `"w${this.writes.length}"`
    this.files[wish.path] = { text: wish.content, etag }
    return HttpResponse.json({
      path: wish.path,
      etag,
      size: 1,
      modified: '2026-01-01T00:00:00Z',
      created: !found,
    })
  }
}

export const project = aProject({ id: 'project', slug: 'website' })

export function show(workspace: Workspace, place = '') {
  server.use(...workspace.handlers())
  return renderAt(<FilesPage project={project} editors={PLAIN} />, {
    at: `/p/website/files${place}`,
    path: '/p/:project/files/*',
  })
}

/** The server says that something changed at a path. */
export function announce(path: string, operation: FileChanged['operation'] = 'modify'): void {
  const event = {
    type: 'file_changed',
    projectId: 'project',
    path,
    operation,
    timestamp: '2026-01-01T12:00:00Z',
  }
  act(() => FakeWebSocket.latest.say({ id: '1', event }))
}

export const editor = () => screen.findByLabelText<HTMLTextAreaElement>('File content')

/** jsdom lays nothing out, and a virtual list shows only what has room. */
export function giveRoom(): void {
  vi.spyOn(Element.prototype, 'clientHeight', 'get').mockReturnValue(600)
  vi.spyOn(Element.prototype, 'clientWidth', 'get').mockReturnValue(300)
}
