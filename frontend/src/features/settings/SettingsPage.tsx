import type { ProjectSummary } from '@/api/types'
import { useReadOnly } from '@/lib/readOnly'
import { Section } from '@/ui/section'
import { ArchiveProject } from './ArchiveProject'
import { ModelSettings } from './config/ModelSettings'
import { DeleteProject } from './DeleteProject'
import { GeneralForm } from './GeneralForm'
import { PodForm } from './pod/PodForm'
import { PodPanel } from './pod/PodPanel'
import { Templates } from './templates/Templates'

export interface SettingsPageProps {
  project: ProjectSummary
}

export default function SettingsPage({ project }: SettingsPageProps) {
  const archived = useReadOnly()
  return (
    <div className="mx-auto flex w-full max-w-3xl flex-col gap-8 px-4 py-6">
      <fieldset disabled={archived} className="contents">
        <Section title="Project">
          <GeneralForm project={project} />
        </Section>
        <Section
          title="Model"
          description="Which model works as the agent, and what it may do. Saving makes a new version; runs that have begun keep theirs."
        >
          <ModelSettings projectId={project.id} />
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
      </fieldset>
      {!archived && (
        <Section title="Archive">
          <ArchiveProject project={project} />
        </Section>
      )}
      <Section title="Delete">
        <DeleteProject project={project} />
      </Section>
    </div>
  )
}
