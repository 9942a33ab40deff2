import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { ScrollText, Search, Users } from 'lucide-react'
import { Link } from 'react-router'
import { ApiError, describe } from '@/api/errors'
import { listPeopleQueryKey, meOptions } from '@/api/options'
import { listPeople } from '@/api/sdk'
import { useDebounced } from '@/lib/useDebounced'
import { useNow } from '@/lib/useNow'
import { useSearchState } from '@/lib/useSearchState'
import { Button } from '@/ui/button'
import { Card } from '@/ui/card'
import { Field } from '@/ui/field'
import { Input } from '@/ui/input'
import { EmptyState, ErrorState, Loading } from '@/ui/states'
import { PersonRow } from './PersonRow'

const PAGE = 50

interface Sought {
  q: string
}

const read = (search: URLSearchParams): Sought => ({ q: search.get('q') ?? '' })

function write(search: URLSearchParams, { q }: Sought): URLSearchParams {
  if (q) search.set('q', q)
  else search.delete('q')
  return search
}

/** For administrators: who there is, and who may not come in. */
export default function PeoplePage() {
  const [{ q }, change] = useSearchState(read, write)
  const words = useDebounced(q.trim())
  const people = usePeople(words)
  const me = useQuery(meOptions())
  const now = useNow(true, 30_000)
  const found = people.data?.pages.flatMap((page) => page.items) ?? []
  const refused = people.error instanceof ApiError && people.error.status === 403
  return (
    <div className="min-h-0 flex-1 overflow-y-auto scroll-thin">
      <div className="mx-auto flex max-w-3xl flex-col gap-4 p-4">
        <header className="flex flex-wrap items-end gap-3">
          <div className="min-w-0 flex-1">
            <h1 className="text-lg font-semibold">People</h1>
            <p className="text-sm text-muted">
              Everybody who ever signed in here. Their projects and keys are nobody else’s business and are
              not shown.
            </p>
          </div>
          {!refused && (
            <Button asChild>
              <Link to="/people/log">
                <ScrollText aria-hidden /> What happened
              </Link>
            </Button>
          )}
        </header>
        {!refused && (
          <Field label="Find people" hideLabel>
            {(control) => (
              <div className="relative">
                <Search aria-hidden className="absolute top-2 left-2.5 size-4 text-faint" />
                <Input
                  {...control}
                  type="search"
                  className="pl-8"
                  maxLength={200}
                  value={q}
                  placeholder="Name or e-mail address"
                  onChange={(event) => change({ q: event.target.value })}
                />
              </div>
            )}
          </Field>
        )}
        {people.isPending ? (
          <Loading label="Reading the list" />
        ) : people.isError && found.length === 0 ? (
          <ErrorState
            title={refused ? 'This page is not for you' : 'The list could not be read'}
            {...describe(people.error)}
            onRetry={refused ? undefined : () => void people.refetch()}
          />
        ) : found.length === 0 ? (
          <EmptyState
            icon={<Users aria-hidden />}
            title={words ? 'Nobody is called that' : 'Nobody has signed in yet'}
            action={words && <Button onClick={() => change({ q: '' })}>Show everybody</Button>}
          />
        ) : (
          <Card>
            <ul aria-label="People" className="divide-y">
              {found.map((person) => (
                <PersonRow key={person.id} person={person} own={person.id === me.data?.user.id} now={now} />
              ))}
            </ul>
          </Card>
        )}
        {people.hasNextPage && (
          <Button
            className="self-center"
            busy={people.isFetchingNextPage}
            onClick={() => void people.fetchNextPage()}
          >
            Show more
          </Button>
        )}
      </div>
    </div>
  )
}

function usePeople(q: string) {
  return useInfiniteQuery({
    queryKey: [...listPeopleQueryKey(), q],
    queryFn: ({ pageParam, signal }) =>
      listPeople({
        query: { limit: PAGE, ...(q && { q }), ...(pageParam && { cursor: pageParam }) },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    // What was found before stays until the answer to other words is here.
    placeholderData: (before) => before,
    staleTime: 0,
  })
}
