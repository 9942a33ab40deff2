import { useEffect } from 'react'
import { useBlocker } from 'react-router'
import { useConfirm } from '@/ui/confirm'

/** Asks before unsaved text is left behind; moving between files of the page keeps it and asks nothing. */
export function useLeaveGuard(unsaved: number, home: string): void {
  const confirm = useConfirm()
  const blocker = useBlocker(
    ({ nextLocation }) =>
      unsaved > 0 && nextLocation.pathname !== home && !nextLocation.pathname.startsWith(`${home}/`),
  )
  useEffect(() => {
    if (blocker.state !== 'blocked') return
    const question = {
      title: 'Leave without saving?',
      body: `${unsaved === 1 ? 'One file has' : `${unsaved} files have`} changes that are not saved.`,
      action: 'Leave',
      danger: true,
    }
    void confirm(question).then((yes) => (yes ? blocker.proceed() : blocker.reset()))
  }, [blocker, confirm, unsaved])

  useEffect(() => {
    if (unsaved === 0) return
    const ask = (event: BeforeUnloadEvent) => event.preventDefault()
    window.addEventListener('beforeunload', ask)
    return () => window.removeEventListener('beforeunload', ask)
  }, [unsaved])
}
