import { lazy, Suspense } from 'react'
import { Loading } from '@/ui/states'
import { useTitle } from '../title'

const PeoplePage = lazy(() => import('@/features/people/PeoplePage'))

export function PeopleRoute() {
  useTitle('People')
  return (
    <Suspense fallback={<Loading label="Opening the list of people" />}>
      <PeoplePage />
    </Suspense>
  )
}
