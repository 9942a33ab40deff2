import { fieldError } from '@/api/errors'
import { Field } from '@/ui/field'
import { Input } from '@/ui/input'
import { type GitForm, urlProblem } from './form'

export interface GitFieldsProps {
  form: GitForm
  onChange: (form: GitForm) => void
  /** What the server said of the last attempt. */
  error: unknown
  /** The form was to be sent, so that what is missing is told. */
  tried: boolean
  /** How the server names these fields: `git.url`, or `url` alone. */
  prefix?: string
  /** A token that was given before still serves. */
  tokenSet?: boolean
}

/** Where a repository is, and what signs in there; the token goes in and never comes out. */
export function GitFields({ form, onChange, error, tried, prefix = '', tokenSet }: GitFieldsProps) {
  const put = (part: Partial<GitForm>) => onChange({ ...form, ...part })
  const said = (name: string) => fieldError(error, prefix + name)
  return (
    <>
      <Field
        label="Address of the repository"
        hint="As a browser shows it, by https."
        error={(tried && urlProblem(form.url)) || said('url') || fieldError(error, 'git.url')}
      >
        {(control) => (
          <Input
            {...control}
            type="url"
            autoComplete="off"
            spellCheck={false}
            maxLength={2000}
            value={form.url}
            placeholder="https://github.com/owner/name"
            onChange={(event) => put({ url: event.target.value })}
          />
        )}
      </Field>
      <Field label="Branch or tag" hint="Empty for the usual one." error={said('ref')}>
        {(control) => (
          <Input
            {...control}
            autoComplete="off"
            spellCheck={false}
            maxLength={255}
            value={form.ref}
            onChange={(event) => put({ ref: event.target.value })}
          />
        )}
      </Field>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field
          label="User name"
          hint={tokenSet ? 'Empty keeps the one given before.' : 'Most hosts need only a token.'}
          error={said('username')}
        >
          {(control) => (
            <Input
              {...control}
              autoComplete="off"
              spellCheck={false}
              maxLength={255}
              disabled={form.forget}
              value={form.username}
              onChange={(event) => put({ username: event.target.value })}
            />
          )}
        </Field>
        <Field
          label="Token"
          hint={
            tokenSet
              ? 'Empty keeps the one given before.'
              : 'For a private repository. Stored encrypted, erased once it is cloned.'
          }
          error={said('token')}
        >
          {(control) => (
            <Input
              {...control}
              type="password"
              autoComplete="new-password"
              disabled={form.forget}
              value={form.token}
              onChange={(event) => put({ token: event.target.value })}
            />
          )}
        </Field>
      </div>
      {tokenSet && (
        <label className="flex items-center gap-2 text-sm">
          <input
            type="checkbox"
            className="size-4 accent-accent"
            checked={form.forget ?? false}
            onChange={(event) => put({ forget: event.target.checked })}
          />
          <span>
            Forget them <span className="text-xs text-muted">· the repository is public after all</span>
          </span>
        </label>
      )}
      <label className="flex items-center gap-2 text-sm">
        <input
          type="checkbox"
          className="size-4 accent-accent"
          checked={form.shallow}
          onChange={(event) => put({ shallow: event.target.checked })}
        />
        <span>
          Only the newest commit <span className="text-xs text-muted">· faster, without history</span>
        </span>
      </label>
    </>
  )
}
