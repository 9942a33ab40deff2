import { lazy, Suspense } from 'react'
import { Loading } from '@/ui/states'
import { useProject } from '../ProjectLayout'
import { useTitle } from '../title'

const AuditPage = lazy(() => import('@/features/audit/AuditPage'))

export function AuditRoute() {
  const { project } = useProject()
  return (
    <Suspense fallback={<Loading label="Opening the log" />}>
      <AuditPage key={project.id} project={project} />
    </Suspense>
  )
}

export function AccountsAuditRoute() {
  useTitle('All accounts')
  return (
    <Suspense fallback={<Loading label="Opening the log" />}>
      <AuditPage key="accounts" everybody />
    </Suspense>
  )
}

export function AccountAuditRoute() {
  useTitle('Your sign-ins')
  return (
    <Suspense fallback={<Loading label="Opening the log" />}>
      <AuditPage key="account" />
    </Suspense>
  )
}
