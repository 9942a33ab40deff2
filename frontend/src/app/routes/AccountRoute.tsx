import { lazy, Suspense } from 'react'
import { Loading } from '@/ui/states'
import { useTitle } from '../title'

const AccountPage = lazy(() => import('@/features/account/AccountPage'))

export function AccountRoute() {
  useTitle('Your settings')
  return (
    <Suspense fallback={<Loading label="Opening your settings" />}>
      <AccountPage />
    </Suspense>
  )
}
