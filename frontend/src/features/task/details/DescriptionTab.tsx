import { Pencil } from 'lucide-react'
import { type KeyboardEvent, useState } from 'react'
import { Link, useParams } from 'react-router'
import { describe } from '@/api/errors'
import type { Task } from '@/api/types'
import type { CardEditor } from '@/api/useCardEditor'
import { filesUrl } from '@/lib/filesUrl'
import { useReadOnly } from '@/lib/readOnly'
import { Button } from '@/ui/button'
import { Clash } from '@/ui/clash'
import { Field } from '@/ui/field'
import { Input, Textarea } from '@/ui/input'
import { Markdown } from '@/ui/markdown'
import { PathsField } from '@/ui/paths-field'
import { EmptyState } from '@/ui/states'

/** Title and description: read, edit, and settle with others who edited meanwhile. */
export function DescriptionTab({ task, editor }: { task: Task; editor: CardEditor }) {
  // A draft that was left open must not take the keys of whoever only walks by.
  const [asked, setAsked] = useState(false)
  const readOnly = useReadOnly()
  const edit = () => {
    setAsked(true)
    editor.edit()
  }
  const { texts, failure } = editor
  if (!editor.open) {
    return (
      <div className="flex flex-col gap-3 p-4">
        {task.description ? (
          <>
            <Markdown text={task.description} />
            {!readOnly && (
              <div>
                <Button size="sm" onClick={edit}>
                  <Pencil aria-hidden /> Edit
                </Button>
              </div>
            )}
          </>
        ) : (
          <EmptyState
            icon={<Pencil aria-hidden />}
            title="No description yet"
            action={!readOnly && <Button onClick={edit}>Write a description</Button>}
          >
            Title and description are what the agent gets. The more exactly they say what is wanted, the
            better.
          </EmptyState>
        )}
        <Files paths={task.file_references} />
      </div>
    )
  }
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
            readOnly={editor.busy}
            value={texts.title}
            onChange={(event) => editor.change({ ...texts, title: event.target.value })}
          />
        )}
      </Field>
      <Field
        label="Description"
        hint="Markdown. This is the prompt the agent gets."
        error={failure ? describe(failure).message : null}
      >
        {(control) => (
          <Textarea
            {...control}
            rows={12}
            autoFocus={asked}
            readOnly={editor.busy}
            value={texts.description}
            onChange={(event) => editor.change({ ...texts, description: event.target.value })}
          />
        )}
      </Field>
      <PathsField
        value={texts.files}
        readOnly={editor.busy}
        onChange={(files) => editor.change({ ...texts, files })}
      />
      <div className="flex flex-wrap items-center gap-2">
        <Button type="submit" variant="primary" busy={editor.busy} disabled={editor.conflict !== null}>
          Save
        </Button>
        <Button variant="ghost" onClick={editor.cancel}>
          Discard changes
        </Button>
        {editor.dirty && (
          <p className="text-xs text-muted">Not saved yet. This tab of the browser keeps it until you do.</p>
        )}
      </div>
    </form>
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
