import { Button } from './button'

interface Pages {
  hasNextPage: boolean
  isFetchingNextPage: boolean
  fetchNextPage: () => Promise<unknown>
}

/** The way from a list's newest page to the next older one; nothing where the list is at its end. */
export function ShowOlder({ hasNextPage, isFetchingNextPage, fetchNextPage }: Pages) {
  if (!hasNextPage) return null
  return (
    <Button className="self-center" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
      Show older
    </Button>
  )
}
