import { useQuery } from '@tanstack/react-query'
import { ApiError, describe } from '@/api/errors'
import { getConfigOptions, listProvidersOptions } from '@/api/options'
import type { ProjectSummary } from '@/api/types'
import { Section } from '@/ui/section'
import { ErrorState, Loading } from '@/ui/states'
import { ArchiveProject } from './ArchiveProject'
import { ConfigEditor } from './config/ConfigEditor'
import { Versions } from './config/Versions'
import { DeleteProject } from './DeleteProject'
import { GeneralForm } from './GeneralForm'
import { PodForm } from './pod/PodForm'
import { PodPanel } from './pod/PodPanel'
import { Templates } from './templates/Templates'

export interface SettingsPageProps {
  project: ProjectSummary
}

export default function SettingsPage({ project }: SettingsPageProps) {
  return (
    <div className="mx-auto flex w-full max-w-3xl flex-col gap-8 px-4 py-6">
      <Section title="Project">
        <GeneralForm project={project} />
      </Section>
      <Section
        title="Model"
        description="Which model works as the agent, and what it may do. Saving makes a new version; runs that have begun keep theirs."
      >
        <Model project={project} />
      </Section>
      <Section title="Workspace" description="The processes that belong to this project.">
        <div className="flex flex-col gap-6">
          <PodForm project={project} />
          <PodPanel project={project} />
        </div>
      </Section>
      <Section
        title="Templates"
        description="Text that new cards can begin with: chosen as “From template” when a card is made."
      >
        <Templates projectId={project.id} />
      </Section>
      <Section title="Archive">
        <ArchiveProject project={project} />
      </Section>
      <Section title="Delete">
        <DeleteProject project={project} />
      </Section>
    </div>
  )
}

function Model({ project }: SettingsPageProps) {
  const path = { project: project.id }
  const config = useQuery(getConfigOptions({ path }))
  const providers = useQuery(listProvidersOptions())
  const error: unknown = config.error
  const none = error instanceof ApiError && error.details.reason === 'no_config'
  const failure = (none ? null : config.error) ?? providers.error
  if (failure) {
    const retry = () => void Promise.all([config.refetch(), providers.refetch()])
    return <ErrorState title="The configuration cannot be shown" {...describe(failure)} onRetry={retry} />
  }
  if (!providers.data || (!config.data && !none)) return <Loading label="Reading the configuration…" />
  const active = config.data ?? null
  return (
    <div className="flex flex-col gap-6">
      <ConfigEditor
        key={active?.id ?? 'none'}
        projectId={project.id}
        config={active}
        providers={providers.data}
      />
      <Versions projectId={project.id} />
    </div>
  )
}
