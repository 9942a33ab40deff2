import { type FormEvent, useState } from 'react'
import { fieldError } from '@/api/errors'
import type { ProviderKind } from '@/api/types'
import { Button } from '@/ui/button'
import { Field } from '@/ui/field'
import { Input, Textarea } from '@/ui/input'
import { Select } from '@/ui/select'
import { useUnsaved } from '@/ui/unsaved'
import { type ConfigForm, problemsOf, withProvider } from '../model/config'
import { Agents } from './Agents'
import { KeyField } from './KeyField'
import { Limits } from './Limits'
import { ModelField } from './ModelField'
import { NewerVersion } from './NewerVersion'
import { Permissions } from './Permissions'
import { TestConfig } from './TestConfig'
import type { ConfigDraft } from './useConfigDraft'

export interface ConfigEditorProps {
  projectId: string
  draft: ConfigDraft
  providers: ProviderKind[]
}

/** The active version as a form; saving makes the next version. */
export function ConfigEditor({ projectId, draft, providers }: ConfigEditorProps) {
  const { form, base, newer, setForm } = draft
  const [tried, setTried] = useState(false)
  useUnsaved(draft.changed ? 'The configuration has changes that are not saved.' : null)
  const kind = providers.find(({ id }) => id === form.provider)
  const problems = problemsOf(form, kind, base)
  const error = (field: keyof ConfigForm, wire: string) =>
    (tried ? problems[field] : undefined) ?? fieldError(draft.error, wire)
  const change = (part: Partial<ConfigForm>) => setForm({ ...form, ...part })
  const onSubmit = (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (Object.keys(problems).length === 0 && !newer) draft.save()
  }
  return (
    <form className="flex flex-col gap-4" onSubmit={onSubmit} noValidate>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Provider" error={error('provider', 'provider')}>
          {(control) => (
            <Select
              {...control}
              value={form.provider || undefined}
              placeholder="Choose…"
              options={providers.map(({ id, name }) => ({ value: id, label: name }))}
              onValueChange={(id) => {
                const next = providers.find((provider) => provider.id === id)
                if (next) setForm(withProvider(form, next))
              }}
            />
          )}
        </Field>
        <ModelField
          projectId={projectId}
          provider={form.provider}
          value={form.model}
          error={error('model', 'model')}
          onChange={(model) => change({ model })}
        />
      </div>
      {form.provider === 'demo' ? (
        <p className="rounded-md bg-sunken px-3 py-2 text-sm text-muted">
          Demo model (scripted): it needs no key and thinks nothing of its own; it plays the script in a card.
          Choose another provider for real work.
        </p>
      ) : (
        <>
          <Field
            label="Base URL"
            hint={kind?.base_url ? `Empty for ${kind.base_url}` : 'Where the server listens.'}
            error={error('baseUrl', 'base_url')}
          >
            {(control) => (
              <Input
                {...control}
                type="url"
                placeholder={kind?.base_url ?? 'http://127.0.0.1:8080/v1'}
                value={form.baseUrl}
                onChange={(event) => change({ baseUrl: event.target.value })}
              />
            )}
          </Field>
          <KeyField
            form={form}
            config={base}
            error={error('key', 'api_key')}
            onChange={(key) => change({ key })}
          />
        </>
      )}
      <Field
        label="Instructions"
        hint="Given to the agent with every card, such as conventions of this project."
      >
        {(control) => (
          <Textarea
            {...control}
            rows={5}
            value={form.instructions}
            onChange={(event) => change({ instructions: event.target.value })}
          />
        )}
      </Field>
      <Limits form={form} error={error} onChange={change} />
      <Permissions
        value={form.permissions}
        tools={form.tools}
        onChange={(permissions) => change({ permissions })}
        onTools={(tools) => change({ tools })}
      />
      {error('permissions', 'permissions') && (
        <p role="alert" className="text-xs text-bad">
          {error('permissions', 'permissions')}
        </p>
      )}
      <Agents
        agents={form.agents}
        defaultAgent={form.defaultAgent}
        onChange={(agents, defaultAgent) => change({ agents, defaultAgent })}
      />
      {error('agents', 'agents') && (
        <p role="alert" className="text-xs text-bad">
          {error('agents', 'agents')}
        </p>
      )}
      {newer && <NewerVersion newer={newer} base={base} onTake={draft.discard} onKeep={draft.keepMine} />}
      <div className="flex flex-wrap items-center gap-2">
        <Button type="submit" variant="primary" busy={draft.busy} disabled={newer !== null}>
          Save as a new version
        </Button>
        <TestConfig projectId={projectId} form={form} disabled={Object.keys(problems).length > 0} />
      </div>
    </form>
  )
}
