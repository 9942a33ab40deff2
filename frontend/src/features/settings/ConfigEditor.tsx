import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useId, useState } from 'react'
import { describe, fieldError } from '@/api/errors'
import { queriesOf } from '@/api/queries'
import { saveConfig } from '@/api/sdk'
import type { Config, ProviderKind } from '@/api/types'
import { Button } from '@/ui/button'
import { Field } from '@/ui/field'
import { Input, Textarea } from '@/ui/input'
import { Select } from '@/ui/select'
import { toast } from '@/ui/toast'
import { KeyField } from './KeyField'
import { type ConfigForm, formOf, problemsOf, requestOf, withProvider } from './model/config'
import { Permissions } from './Permissions'

export interface ConfigEditorProps {
  projectId: string
  config: Config | null
  providers: ProviderKind[]
}

/** The active version as a form; saving makes the next version. */
export function ConfigEditor({ projectId, config, providers }: ConfigEditorProps) {
  const client = useQueryClient()
  const [form, setForm] = useState(() => formOf(config))
  const [tried, setTried] = useState(false)
  const save = useMutation({
    mutationFn: (body: ConfigForm) => saveConfig({ path: { project: projectId }, body: requestOf(body) }),
    onSuccess: ({ version }) => {
      toast.success(`Saved as version ${version}`, { description: 'The next run uses it.' })
      return client.invalidateQueries({
        predicate: queriesOf(['getConfig', 'listConfigVersions', 'getProject']),
      })
    },
    onError: (error) =>
      toast.error('The configuration was not saved', { description: describe(error).message }),
  })
  const kind = providers.find(({ id }) => id === form.provider)
  const problems = problemsOf(form, kind, config)
  const error = (field: keyof ConfigForm, wire: string) =>
    (tried ? problems[field] : undefined) ?? fieldError(save.error, wire)
  const change = (part: Partial<ConfigForm>) => setForm({ ...form, ...part })
  const onSubmit = (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (Object.keys(problems).length === 0) save.mutate(form)
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
          form={form}
          kind={kind}
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
            config={config}
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
      <div className="grid gap-4 sm:grid-cols-2">
        <Field
          label="Temperature"
          hint="0 to 2; empty for the model's own."
          error={error('temperature', 'temperature')}
        >
          {(control) => (
            <Input
              {...control}
              inputMode="decimal"
              value={form.temperature}
              onChange={(event) => change({ temperature: event.target.value })}
            />
          )}
        </Field>
        <Field
          label="Most tokens per answer"
          hint="Empty for the model's own."
          error={error('maxTokens', 'max_tokens')}
        >
          {(control) => (
            <Input
              {...control}
              inputMode="numeric"
              value={form.maxTokens}
              onChange={(event) => change({ maxTokens: event.target.value })}
            />
          )}
        </Field>
      </div>
      <Permissions value={form.permissions} onChange={(permissions) => change({ permissions })} />
      <div>
        <Button type="submit" variant="primary" busy={save.isPending}>
          Save as a new version
        </Button>
      </div>
    </form>
  )
}

interface ModelFieldProps {
  form: ConfigForm
  kind: ProviderKind | undefined
  error: string | null
  onChange: (model: string) => void
}

function ModelField({ form, kind, error, onChange }: ModelFieldProps) {
  const list = useId()
  return (
    <Field label="Model" error={error}>
      {(control) => (
        <>
          <Input
            {...control}
            list={list}
            autoComplete="off"
            spellCheck={false}
            value={form.model}
            onChange={(event) => onChange(event.target.value)}
          />
          <datalist id={list}>
            {kind?.models?.map((model) => (
              <option key={model} value={model} />
            ))}
          </datalist>
        </>
      )}
    </Field>
  )
}
