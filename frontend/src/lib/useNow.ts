import { useEffect, useState } from 'react'

/** The time, renewed every `interval` ms while `active`; for elapsed times that tick. */
export function useNow(active: boolean = true, interval: number = 1000): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    if (!active) return
    setNow(Date.now())
    const timer = setInterval(() => setNow(Date.now()), interval)
    return () => clearInterval(timer)
  }, [active, interval])
  return now
}
