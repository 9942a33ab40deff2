import { useQuery } from '@tanstack/react-query'
import { ApiError, describe } from '@/api/errors'
import { getConfigOptions, listProvidersOptions } from '@/api/options'
import type { Config, ProviderKind } from '@/api/types'
import { ErrorState, Loading } from '@/ui/states'
import { ConfigEditor } from './ConfigEditor'
import { useConfigDraft } from './useConfigDraft'
import { Versions } from './Versions'

/** The configuration of a project's model: the active version as a form, and all versions. */
export function ModelSettings({ projectId }: { projectId: string }) {
  const config = useQuery(getConfigOptions({ path: { project: projectId } }))
  const providers = useQuery(listProvidersOptions())
  const error: unknown = config.error
  const none = error instanceof ApiError && error.details.reason === 'no_config'
  const known = config.data !== undefined || none
  // What cannot be read anew takes no form away that somebody types in.
  const failure = (known ? null : config.error) ?? (providers.data ? null : providers.error)
  if (failure) {
    const retry = () => void Promise.all([config.refetch(), providers.refetch()])
    return <ErrorState title="The configuration cannot be shown" {...describe(failure)} onRetry={retry} />
  }
  if (!providers.data || !known) return <Loading label="Reading the configuration…" />
  return <Loaded projectId={projectId} active={config.data ?? null} providers={providers.data} />
}

interface LoadedProps {
  projectId: string
  active: Config | null
  providers: ProviderKind[]
}

function Loaded({ projectId, active, providers }: LoadedProps) {
  const draft = useConfigDraft(projectId, active)
  return (
    <div className="flex flex-col gap-6">
      <ConfigEditor projectId={projectId} draft={draft} providers={providers} />
      <Versions projectId={projectId} unsaved={draft.changed} onActivated={draft.discard} />
    </div>
  )
}
