import type { Interaction, Session } from '@/api/types'

const NOW = '2026-01-01T12:00:00Z'

export function aSession(over: Partial<Session> = {}): Session {
  return {
    id: 'session-1',
    project_id: 'project',
    task_id: 'task',
    task_title: 'Tea',
    created_by: null,
    created_by_name: null,
    children: [],
    rerun_of: null,
    config_id: 'config',
    config_version: 1,
    remote_session_id: 'ses_1',
    kind: 'execute',
    status: 'running',
    verdict: null,
    reason: null,
    prompt: 'Do it',
    final_output: null,
    exit_code: null,
    queue_position: null,
    tokens: {},
    cost: 0,
    execution_start_at: NOW,
    execution_end_at: null,
    created_at: NOW,
    last_seq: 0,
    ...over,
  }
}

export function anInteraction(over: Partial<Interaction> = {}): Interaction {
  return {
    id: 'ask-1',
    task_id: 'task',
    session_id: 'session-1',
    sequence_number: 1,
    kind: 'permission',
    state: 'pending',
    user_prompt: null,
    user_id: null,
    agent_response: null,
    request: { permission: 'bash', patterns: ['npm test'], metadata: { command: 'npm test' } },
    answer: null,
    user_prompt_at: null,
    agent_response_at: null,
    created_at: NOW,
    ...over,
  }
}
