import { useQuery } from '@tanstack/react-query'
import { FlaskConical, Plus, Sparkles } from 'lucide-react'
import { useSearchParams } from 'react-router'
import { describe } from '@/api/errors'
import { allProjectsOptions, attentionOptions } from '@/api/queries'
import { Button } from '@/ui/button'
import { Skeleton } from '@/ui/card'
import { EmptyState, ErrorState } from '@/ui/states'
import { ArchivedProjects } from './ArchivedProjects'
import { AttentionList } from './AttentionList'
import { CreateProjectDialog, NEW_PROJECT } from './CreateProjectDialog'
import { ProjectCard } from './ProjectCard'
import { useCreateProject } from './useCreateProject'

const SAMPLE = {
  name: 'Sample project',
  description: 'A few cards whose scripted demo agent shows what happens.',
  sample: true,
}

export function Dashboard() {
  const projects = useQuery(allProjectsOptions())
  const attention = useQuery(attentionOptions())
  const [search, setSearch] = useSearchParams()
  const setCreating = (open: boolean) => setSearch(open ? { [NEW_PROJECT]: '' } : {}, { replace: true })
  const sample = useCreateProject()
  const onSample = () => sample.mutate({ body: SAMPLE })
  const waiting = attention.data?.items ?? []

  return (
    <div className="min-h-0 flex-1 overflow-y-auto scroll-thin">
      <div className="mx-auto flex w-full max-w-6xl flex-col gap-6 p-4 sm:p-6">
        <div className="flex flex-wrap items-center gap-2">
          <h1 className="text-lg font-semibold">Projects</h1>
          {(projects.data?.length ?? 0) > 0 && (
            <div className="ml-auto flex gap-2">
              <Button onClick={onSample} busy={sample.isPending}>
                <FlaskConical aria-hidden />
                <span>
                  Sample<span className="max-sm:hidden"> project</span>
                </span>
              </Button>
              <Button variant="primary" onClick={() => setCreating(true)}>
                <Plus aria-hidden /> New project
              </Button>
            </div>
          )}
        </div>
        {waiting.length > 0 && <AttentionList items={waiting} />}
        {projects.isPending && <ProjectsSkeleton />}
        {projects.isError && !projects.data && (
          <ErrorState
            title="The projects could not be loaded"
            {...describe(projects.error)}
            onRetry={() => void projects.refetch()}
          />
        )}
        {projects.data?.length === 0 && (
          <FirstSteps onSample={onSample} busy={sample.isPending} onCreate={() => setCreating(true)} />
        )}
        {projects.data && projects.data.length > 0 && (
          <ul className="grid grid-cols-[repeat(auto-fill,minmax(min(100%,20rem),1fr))] gap-3">
            {projects.data.map((project) => (
              <li key={project.id} className="min-w-0">
                <ProjectCard project={project} />
              </li>
            ))}
          </ul>
        )}
        <ArchivedProjects />
      </div>
      {search.has(NEW_PROJECT) && <CreateProjectDialog onClose={() => setCreating(false)} />}
    </div>
  )
}

function FirstSteps(props: { onSample: () => void; onCreate: () => void; busy: boolean }) {
  return (
    <EmptyState
      icon={<Sparkles aria-hidden />}
      title="Your first project"
      action={
        <>
          <Button variant="primary" size="lg" onClick={props.onSample} busy={props.busy}>
            <FlaskConical aria-hidden /> Try the sample project
          </Button>
          <Button size="lg" onClick={props.onCreate}>
            <Plus aria-hidden /> New project
          </Button>
        </>
      }
    >
      A project is a board and a workspace with an OpenCode agent in it. The sample project needs no key: its
      agent is driven by a scripted demo model, and really writes files.
    </EmptyState>
  )
}

function ProjectsSkeleton() {
  return (
    <div role="status" className="grid grid-cols-[repeat(auto-fill,minmax(min(100%,20rem),1fr))] gap-3">
      <span className="sr-only">Loading the projects</span>
      <Skeleton className="h-36" />
      <Skeleton className="h-36" />
      <Skeleton className="h-36" />
    </div>
  )
}
