import { Compass } from 'lucide-react'
import { Link, useRouteError } from 'react-router'
import { describe } from '@/api/errors'
import { Button } from '@/ui/button'
import { EmptyState, ErrorState } from '@/ui/states'
import { useTitle } from './title'

export function NotFoundPage() {
  useTitle('Not found')
  return (
    <>
      <h1 className="sr-only">Not found</h1>
      <EmptyState
        icon={<Compass aria-hidden />}
        title="There is nothing at this address"
        className="pt-24"
        action={
          <Button asChild variant="primary">
            <Link to="/">All projects</Link>
          </Button>
        }
      >
        It may have been moved or deleted, or it belongs to somebody else.
      </EmptyState>
    </>
  )
}

/** A mistake of ours, or code of an older build that the server no longer has: a reload mends the second. */
export function CrashPage() {
  const error = useRouteError()
  return (
    <ErrorState
      title="This page stopped working"
      message={`${describe(error).message} Reload the page; your work on the server is not touched.`}
      className="pt-24"
      action={
        <Button variant="primary" onClick={() => window.location.reload()}>
          Reload
        </Button>
      }
    />
  )
}
