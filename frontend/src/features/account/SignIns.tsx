import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { LogOut, MonitorSmartphone } from 'lucide-react'
import { ApiError, describe } from '@/api/errors'
import { queriesOf, signInsOptions } from '@/api/queries'
import { endSignIn } from '@/api/sdk'
import type { OwnSignIn } from '@/api/types'
import { formatAgo, formatDateTime } from '@/lib/format'
import { useNow } from '@/lib/useNow'
import { Badge } from '@/ui/badge'
import { Button } from '@/ui/button'
import { useConfirm } from '@/ui/confirm'
import { ErrorState, Loading } from '@/ui/states'
import { toast } from '@/ui/toast'
import { browserName } from './browserName'
import { useSignOut, useSignOutEverywhere } from './useSignOut'

/** The browsers that this person is signed in at. */
export function SignIns() {
  const { data, error, refetch } = useQuery(signInsOptions())
  const now = useNow(true, 30_000)
  if (!data && error) {
    return (
      <ErrorState
        title="Your sign-ins could not be read"
        {...describe(error)}
        onRetry={() => void refetch()}
      />
    )
  }
  if (!data) return <Loading label="Reading your sign-ins" />
  return (
    <div className="flex flex-col gap-3">
      <ul className="-my-2 divide-y">
        {data.map((signIn) => (
          <Entry key={signIn.id} signIn={signIn} now={now} />
        ))}
      </ul>
      <Everywhere />
    </div>
  )
}

function Entry({ signIn, now }: { signIn: OwnSignIn; now: number }) {
  const client = useQueryClient()
  const leave = useSignOut()
  const end = useMutation({
    mutationFn: () => endSignIn({ path: { sign_in: signIn.id } }),
    onError: (error) => {
      // Ended meanwhile, which is what was wanted.
      if (error instanceof ApiError && error.status === 404) return
      toast.error('That browser could not be signed out', { description: describe(error).message })
    },
    onSettled: () => client.invalidateQueries({ predicate: queriesOf(['listSignIns']) }),
  })
  const name = browserName(signIn.user_agent)
  const seen = signIn.last_seen_at ?? signIn.created_at
  return (
    <li className="flex items-center gap-3 py-2.5">
      <MonitorSmartphone aria-hidden className="size-5 shrink-0 text-faint" />
      <div className="min-w-0 flex-1 text-sm">
        <p
          className="flex flex-wrap items-center gap-x-2 gap-y-1 font-medium"
          title={signIn.user_agent ?? undefined}
        >
          <span className="min-w-0 break-words">{name}</span>
          {signIn.current && <Badge tone="accent">this browser</Badge>}
        </p>
        <p className="text-xs break-words text-muted">
          {signIn.ip_address && <>from {signIn.ip_address} · </>}
          <time dateTime={seen} title={formatDateTime(seen)}>
            last seen {formatAgo(seen, now)}
          </time>
          {' · '}
          <time dateTime={signIn.created_at}>since {formatDateTime(signIn.created_at)}</time>
        </p>
      </div>
      <Button
        size="sm"
        aria-label={signIn.current ? 'Sign out this browser' : `Sign out ${name}`}
        busy={end.isPending || leave.isPending}
        onClick={() => (signIn.current ? leave.mutate() : end.mutate())}
      >
        Sign out
      </Button>
    </li>
  )
}

function Everywhere() {
  const confirm = useConfirm()
  const everywhere = useSignOutEverywhere()
  const onClick = async () => {
    const yes = await confirm({
      title: 'Sign out everywhere?',
      body: 'Every browser you are signed in at is signed out at once, this one included. Access tokens go on working.',
      action: 'Sign out everywhere',
      danger: true,
    })
    if (yes) everywhere.mutate()
  }
  return (
    <Button className="self-start text-bad" busy={everywhere.isPending} onClick={() => void onClick()}>
      <LogOut aria-hidden /> Sign out everywhere
    </Button>
  )
}
