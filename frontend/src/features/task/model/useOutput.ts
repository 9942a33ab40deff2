import { useEffect, useState } from 'react'
import { applyOutput, emptyOutput, type OutputState } from './output'
import { OutputStream, type StreamState } from './stream'

export interface LiveOutput {
  output: OutputState
  connection: StreamState
}

const CONNECTING: LiveOutput = { output: emptyOutput, connection: 'connecting' }

/** The output of one run, kept up to date while mounted. Give the component a key per session. */
export function useOutput(projectId: string, taskId: string, sessionId: string): LiveOutput {
  const [live, setLive] = useState(CONNECTING)
  useEffect(() => {
    setLive(CONNECTING)
    const url = `/api/projects/${projectId}/tasks/${taskId}/output?session_id=${sessionId}`
    const stream = new OutputStream(url, {
      onBatch: (batch) => setLive((before) => ({ ...before, output: applyOutput(before.output, batch) })),
      onReset: () => setLive((before) => ({ ...before, output: emptyOutput })),
      onState: (connection) => setLive((before) => ({ ...before, connection })),
    })
    stream.start()
    return () => stream.stop()
  }, [projectId, taskId, sessionId])
  return live
}
