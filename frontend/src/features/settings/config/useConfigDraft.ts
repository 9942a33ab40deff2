import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ApiError, describe } from '@/api/errors'
import { getConfigQueryKey } from '@/api/options'
import { queriesOf } from '@/api/queries'
import { saveConfig } from '@/api/sdk'
import type { Config } from '@/api/types'
import { toast } from '@/ui/toast'
import { type ConfigForm, formOf, isChanged, requestOf } from '../model/config'

export interface ConfigDraft {
  form: ConfigForm
  /** The version that the form was made from; null before there is one. */
  base: Config | null
  changed: boolean
  /** The version that became active while the form held changes: it waits for a decision. */
  newer: Config | null
  busy: boolean
  error: unknown
  setForm: (form: ConfigForm) => void
  save: () => void
  /** Lets go of the changes, for the version that is active now. */
  discard: () => void
  /** Goes on with the form; the next save replaces the version that is active now. */
  keepMine: () => void
}

/** The active version as a form; what was typed outlives that another version becomes active. */
export function useConfigDraft(projectId: string, active: Config | null): ConfigDraft {
  const client = useQueryClient()
  const path = { project: projectId }
  const [base, setBase] = useState(active)
  const [form, setForm] = useState(() => formOf(active))
  const changed = isChanged(form, base)

  const follow = (config: Config | null) => {
    setBase(config)
    setForm(formOf(config))
  }
  const reread = () =>
    client.invalidateQueries({
      predicate: queriesOf(['getConfig', 'listConfigVersions', 'getConfigState', 'getProject']),
    })
  const save = useMutation({
    mutationFn: (sent: ConfigForm) =>
      saveConfig({ path, body: { ...requestOf(sent), base_version: base?.version ?? 0 } }),
    onSuccess: async (saved, sent) => {
      toast.success(`Saved as version ${saved.version}`, { description: 'The next run uses it.' })
      setBase(saved)
      setForm((now) => afterSave(now, sent, saved))
      const queryKey = getConfigQueryKey({ path })
      // A reading that began before the save would bring the version before it back.
      await client.cancelQueries({ queryKey })
      client.setQueryData(queryKey, saved)
      await reread()
    },
    onError: (error) => {
      toast.error('The configuration was not saved', { description: describe(error).message })
      if (error instanceof ApiError && error.status === 409) void reread()
    },
  })

  // While a save is under way, the version that it makes may be heard of before its answer.
  const another = active?.id !== base?.id && !save.isPending
  if (another && !changed) follow(active)

  return {
    form,
    base,
    changed,
    newer: another && changed ? active : null,
    busy: save.isPending,
    error: save.error,
    setForm,
    save: () => save.mutate(form),
    discard: () => follow(active),
    keepMine: () => setBase(active),
  }
}

/** What was typed while it was being saved stays, but a key that was sent is stored now. */
function afterSave(now: ConfigForm, sent: ConfigForm, saved: Config): ConfigForm {
  if (now === sent) return formOf(saved)
  return now.key === sent.key ? { ...now, key: { kind: 'keep' } } : now
}
