/** Rows by saying what matters; everything else gets a plain default. */
import type { Attention, ProjectSummary, RunSummary, States, Task } from '@/api/types'

let counter = 0

function id(): string {
  counter += 1
  return `018f0000-0000-7000-8000-${String(counter).padStart(12, '0')}`
}

const NOW = '2026-01-01T12:00:00Z'

export function aProject(over: Partial<ProjectSummary> = {}): ProjectSummary {
  return {
    id: id(),
    name: 'Website',
    slug: 'website',
    description: '',
    status: 'ready',
    desired_state: 'running',
    pod_status: 'running',
    pod_reason: null,
    source: 'empty',
    git_url: null,
    git_ref: null,
    git_depth: null,
    git_credential_set: false,
    workspace_state: 'ready',
    workspace_reason: null,
    idle_stop_seconds: null,
    max_concurrent_runs: 1,
    memory_mb: null,
    cpu_limit: null,
    archived_at: null,
    created_at: NOW,
    updated_at: NOW,
    task_counts: {},
    attention_count: 0,
    running_count: 0,
    demo: false,
    ...over,
  }
}

export function aTask(over: Partial<Task> = {}): Task {
  return {
    id: id(),
    project_id: 'project',
    title: 'Add a contact form',
    description: '',
    status: 'todo',
    rank: 'a0',
    version: 1,
    current_session_id: null,
    opencode_output: null,
    execution_duration_ms: null,
    file_references: [],
    created_by: null,
    created_at: NOW,
    updated_at: NOW,
    attention: null,
    run: null,
    ...over,
  }
}

export function aRun(over: Partial<RunSummary> = {}): RunSummary {
  return {
    id: id(),
    status: 'running',
    verdict: null,
    reason: null,
    queue_position: null,
    retry_message: null,
    execution_start_at: NOW,
    execution_end_at: null,
    tokens: 0,
    cost: 0,
    ...over,
  }
}

export function anAttention(over: Partial<Attention> = {}): Attention {
  return {
    project_id: id(),
    project_slug: 'website',
    project_name: 'Website',
    task_id: id(),
    task_title: 'Add a contact form',
    kind: 'permission',
    since: NOW,
    interaction_id: id(),
    text: 'Run npm install?',
    ...over,
  }
}

/** The state machine as the server tells it. */
export const STATES: States = {
  statuses: ['todo', 'in_progress', 'ai_review', 'human_review', 'done'],
  moves: {
    todo: ['in_progress'],
    in_progress: ['todo'],
    ai_review: ['todo', 'human_review'],
    human_review: ['todo', 'done'],
    done: ['todo'],
  },
  execute_from: ['todo'],
  feedback_from: ['ai_review', 'human_review'],
}
