import { Pencil } from 'lucide-react'
import type { KeyboardEvent } from 'react'
import { Link, useParams } from 'react-router'
import type { Task } from '@/api/types'
import { filesUrl } from '@/lib/filesUrl'
import { Button } from '@/ui/button'
import { Field } from '@/ui/field'
import { Input, Textarea } from '@/ui/input'
import { Markdown } from '@/ui/markdown'
import { EmptyState } from '@/ui/states'
import { useCard } from '../context'
import { type Texts, useCardEditor } from './useCardEditor'

/** Title and description: read, edit, and settle with others who edited meanwhile. */
export function DescriptionTab({ task }: { task: Task }) {
  const editor = useCardEditor(useCard(), task)
  if (!editor.draft) {
    return (
      <div className="flex flex-col gap-3 p-4">
        {task.description ? (
          <>
            <Markdown text={task.description} />
            <div>
              <Button size="sm" onClick={editor.edit}>
                <Pencil aria-hidden /> Edit
              </Button>
            </div>
          </>
        ) : (
          <EmptyState
            icon={<Pencil aria-hidden />}
            title="No description yet"
            action={<Button onClick={editor.edit}>Write a description</Button>}
          >
            Title and description are what the agent gets. The more exactly they say what is wanted, the
            better.
          </EmptyState>
        )}
        <Files paths={task.file_references} />
      </div>
    )
  }
  const draft = editor.draft
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault()
      void editor.save()
    }
  }
  return (
    <form
      className="flex flex-col gap-3 p-4"
      onKeyDown={onKeyDown}
      onSubmit={(event) => {
        event.preventDefault()
        void editor.save()
      }}
    >
      {editor.conflict && (
        <Clash
          theirs={editor.conflict.theirs}
          onKeep={editor.keepMine}
          onTake={editor.takeTheirs}
          busy={editor.busy}
        />
      )}
      <Field label="Title">
        {(control) => (
          <Input
            {...control}
            required
            maxLength={200}
            value={draft.title}
            onChange={(event) => editor.change({ ...draft, title: event.target.value })}
          />
        )}
      </Field>
      <Field label="Description" hint="Markdown. This is the prompt the agent gets." error={editor.error}>
        {(control) => (
          <Textarea
            {...control}
            rows={12}
            autoFocus
            value={draft.description}
            onChange={(event) => editor.change({ ...draft, description: event.target.value })}
          />
        )}
      </Field>
      <div className="flex gap-2">
        <Button type="submit" variant="primary" busy={editor.busy} disabled={editor.conflict !== null}>
          Save
        </Button>
        <Button variant="ghost" onClick={editor.cancel}>
          Discard changes
        </Button>
      </div>
    </form>
  )
}

interface ClashProps {
  theirs: Texts
  busy: boolean
  onKeep: () => void
  onTake: () => void
}

function Clash({ theirs, busy, onKeep, onTake }: ClashProps) {
  return (
    <section role="alert" className="rounded-lg border border-warn/60 bg-warn/8 p-3 text-sm">
      <p className="font-medium">Somebody changed this card while you edited it.</p>
      <p className="mt-1 text-muted">
        Theirs is below; yours is in the fields, where you may still merge the two.
      </p>
      <div className="mt-2 max-h-48 overflow-auto scroll-thin rounded-md border bg-surface p-2">
        <p className="font-medium">{theirs.title}</p>
        <pre className="mt-1 font-sans text-sm break-words whitespace-pre-wrap">
          {theirs.description || '(no description)'}
        </pre>
      </div>
      <div className="mt-2 flex flex-wrap gap-2">
        <Button size="sm" variant="primary" busy={busy} onClick={onKeep}>
          Keep mine
        </Button>
        <Button size="sm" disabled={busy} onClick={onTake}>
          Take theirs
        </Button>
      </div>
    </section>
  )
}

function Files({ paths }: { paths: string[] }) {
  const { project } = useParams()
  if (paths.length === 0) return null
  return (
    <div>
      <h3 className="text-xs font-medium text-muted">Files</h3>
      <ul className="mt-1 flex flex-wrap gap-1.5">
        {paths.map((path) => (
          <li key={path}>
            <Link
              to={filesUrl(project ?? '', path)}
              className="rounded border px-1.5 py-0.5 font-mono text-xs text-accent-ink hover:underline"
            >
              {path}
            </Link>
          </li>
        ))}
      </ul>
    </div>
  )
}
