import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { useConnection } from '@/realtime/RealtimeProvider'
import { Badge } from '@/ui/badge'
import { Spinner } from '@/ui/spinner'
import { toast } from '@/ui/toast'

/** A blink of the line is nobody's business; from here on it is worth a word. */
const PATIENCE_MS = 800

/** Says when the live connection is lost, and when it is back on a server that was restarted. */
export function ConnectionStatus() {
  const { state, restarts } = useConnection()
  const client = useQueryClient()
  const lost = state === 'reconnecting'
  const [shown, setShown] = useState(false)
  const seen = useRef(restarts)

  useEffect(() => {
    if (!lost) {
      setShown(false)
      return
    }
    const timer = setTimeout(() => setShown(true), PATIENCE_MS)
    return () => clearTimeout(timer)
  }, [lost])

  useEffect(() => {
    if (restarts === seen.current) return
    seen.current = restarts
    // A new build may answer differently in ways that no event tells.
    void client.invalidateQueries().then(() => toast.success('Server restarted, you are up to date'))
  }, [restarts, client])

  return (
    <div role="status" className="contents">
      {shown && (
        <Badge tone="warn" className="mr-1">
          <Spinner className="size-3" /> Reconnecting…
        </Badge>
      )}
    </div>
  )
}
