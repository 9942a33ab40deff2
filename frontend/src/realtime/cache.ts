/** What each board event means for the query cache: patch what the event says, read again what it only hints at. */
import type { Query, QueryClient } from '@tanstack/react-query'
import {
  allProjectsOptions,
  boardTasksOptions,
  contentsOf,
  listingsOf,
  originalsOf,
  queriesOf,
} from '@/api/queries'
import type {
  AnyBoardEvent,
  FileChanged,
  PodStatus,
  ProjectSummary,
  Task,
  TaskChanged,
  TaskStatusChanged,
  WorkspaceChanged,
} from '@/api/types'
import { Batch } from './batch'
import { cloning } from './cloning'

/** Mutations under this key hold optimistic board state that a refetch would overwrite too early. */
export const BOARD_MUTATION = 'board'

const OF_CARD = ['listTasks', 'getTask', 'listTaskEvents']
const OF_RUN = [...OF_CARD, 'listTaskSessions', 'listSessions', 'getDiff', 'listInteractions']
const OF_OVERVIEW = ['listProjects', 'listAttention', 'getProject']

/** Which operations of a project an event makes stale. */
const STALE: Record<AnyBoardEvent['type'], string[]> = {
  pod_status: ['getPod', 'listModels', 'getConfigState', 'listTerminals'],
  task_status_changed: OF_CARD,
  task_changed: OF_CARD,
  session_changed: OF_RUN,
  interaction_changed: [...OF_CARD, 'listInteractions'],
  file_changed: [],
  project_changed: ['getConfig', 'listConfigVersions'],
  workspace_changed: OF_CARD,
  session_output: [],
}
const OVERVIEW_EVENTS = new Set<AnyBoardEvent['type']>([
  'task_status_changed',
  'task_changed',
  'session_changed',
  'interaction_changed',
  'project_changed',
  'workspace_changed',
])

/** An agent at work writes all the time, and every reading for it counts against its viewer's limit of requests. */
const FILES_APART = 1_000

export class CacheUpdater {
  /** What is read again is never put under a drag in flight. */
  private readonly news: Batch
  private readonly files: Batch

  constructor(
    private readonly client: QueryClient,
    delay: number = 80,
  ) {
    this.news = new Batch(delay, delay, () => client.isMutating({ mutationKey: [BOARD_MUTATION] }) > 0)
    this.files = new Batch(delay, FILES_APART)
  }

  apply(event: AnyBoardEvent): void {
    if (event.type === 'pod_status') this.podStatus(event)
    if (event.type === 'workspace_changed') {
      cloning.note(event)
      if (event.phase) return
      this.workspace(event)
    }
    if (event.type === 'task_status_changed') this.taskStatus(event)
    if (event.type === 'task_changed' && event.change === 'deleted') this.taskDeleted(event)
    if (event.type === 'file_changed') this.fileChanged(event)
    const stale = STALE[event.type]
    if (stale.length > 0) this.later(stale, event.projectId)
    if (OVERVIEW_EVENTS.has(event.type)) this.later(OF_OVERVIEW)
  }

  /** Everything known of a project may be old. */
  reset(projectId: string): void {
    void this.client.invalidateQueries({ predicate: queriesOf(null, projectId) })
    this.later(OF_OVERVIEW)
  }

  private podStatus({ projectId, status, reason }: PodStatus): void {
    this.patchProject(projectId, { pod_status: status, pod_reason: reason ?? null })
  }

  private workspace({ projectId, state, reason }: WorkspaceChanged): void {
    this.patchProject(projectId, { workspace_state: state, workspace_reason: reason ?? null })
  }

  private patchProject(projectId: string, change: Partial<ProjectSummary>): void {
    const patch = (project: ProjectSummary): ProjectSummary =>
      project.id === projectId ? { ...project, ...change } : project
    this.client.setQueryData(allProjectsOptions().queryKey, (all) => all?.map(patch))
    this.client.setQueriesData<ProjectSummary>({ predicate: queriesOf(['getProject']) }, (project) =>
      project ? patch(project) : project,
    )
  }

  private taskStatus({ projectId, taskId, newStatus, version }: TaskStatusChanged): void {
    const patch = (task: Task): Task =>
      task.id === taskId && task.version < version
        ? { ...task, status: newStatus as Task['status'], version }
        : task
    this.client.setQueryData(boardTasksOptions(projectId).queryKey, (tasks) => tasks?.map(patch))
  }

  private taskDeleted({ projectId, taskId }: TaskChanged): void {
    this.client.setQueryData(boardTasksOptions(projectId).queryKey, (tasks) =>
      tasks?.filter((task) => task.id !== taskId),
    )
  }

  /** Of a tree with many open folders only those are read again in which something changed. */
  private fileChanged({ projectId, path, many = false }: FileChanged): void {
    this.readAgain(this.files, `files|${projectId}|${path}|${many}`, [
      listingsOf(projectId, path, many),
      contentsOf(projectId, path),
      originalsOf(projectId, path),
    ])
    this.readAgain(this.files, `diff|${projectId}`, [queriesOf(['getDiff'], projectId)])
  }

  /** Events come in bursts; what they make stale is read again once. */
  private later(operations: string[], id?: string): void {
    this.readAgain(this.news, `${operations.join()}|${id ?? ''}`, [queriesOf(operations, id)])
  }

  /** A reading under way is never cut off, or it would not arrive while events rain; one more follows it. */
  private readAgain(batch: Batch, name: string, predicates: ((query: Query) => boolean)[]): void {
    batch.add(name, () => {
      const predicate = (query: Query) => predicates.some((matches) => matches(query))
      const early = this.client.isFetching({ predicate }) > 0
      const done = this.client.invalidateQueries({ predicate }, { cancelRefetch: false })
      if (early) void done.then(() => this.readAgain(batch, name, predicates))
    })
  }
}
