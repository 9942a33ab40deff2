import { FlaskConical, Folder, GitBranch } from 'lucide-react'

export type Source = 'empty' | 'git' | 'sample'

const SOURCES = [
  { source: 'empty', label: 'Empty folder', hint: 'Nothing in it yet', icon: Folder },
  { source: 'git', label: 'Git repository', hint: 'Cloned by https', icon: GitBranch },
  { source: 'sample', label: 'Sample', hint: 'Files and cards for the demo model', icon: FlaskConical },
] as const

/** What a new project's workspace begins with. */
export function SourcePicker({ value, onChange }: { value: Source; onChange: (source: Source) => void }) {
  return (
    <fieldset className="flex min-w-0 flex-col gap-1">
      <legend className="mb-1 text-sm font-medium">Start with</legend>
      <div className="grid gap-2 sm:grid-cols-3">
        {SOURCES.map(({ source, label, hint, icon: Icon }) => (
          <label
            key={source}
            className="relative flex items-center gap-2.5 rounded-md border p-2.5 transition-colors hover:bg-hover has-checked:border-accent-ink has-checked:bg-accent/8 has-focus-visible:outline-2 has-focus-visible:outline-accent-ink sm:flex-col sm:items-start sm:gap-1.5"
          >
            <input
              type="radio"
              name="source"
              className="sr-only"
              value={source}
              checked={value === source}
              onChange={() => onChange(source)}
            />
            <Icon aria-hidden className="size-4 shrink-0 text-muted" />
            <span className="min-w-0 text-sm">
              <span className="block font-medium">{label}</span>
              <span className="block text-xs text-muted">{hint}</span>
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  )
}
