import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import { describe } from '@/api/errors'
import { queriesOf, tokensOptions } from '@/api/queries'
import { deleteToken } from '@/api/sdk'
import type { PersonalToken } from '@/api/types'
import { formatAgo, formatDateTime } from '@/lib/format'
import { useNow } from '@/lib/useNow'
import { Badge } from '@/ui/badge'
import { Button } from '@/ui/button'
import { useConfirm } from '@/ui/confirm'
import { ErrorState, Loading } from '@/ui/states'
import { toast } from '@/ui/toast'
import { NewTokenDialog } from './NewTokenDialog'

/** The tokens with which this person's programs come in; never their secrets. */
export function Tokens() {
  const { data, error, refetch } = useQuery(tokensOptions())
  const [making, setMaking] = useState(false)
  const now = useNow(true, 30_000)
  if (!data && error) {
    return (
      <ErrorState title="Your tokens could not be read" {...describe(error)} onRetry={() => void refetch()} />
    )
  }
  if (!data) return <Loading label="Reading your tokens" />
  return (
    <div className="flex flex-col gap-3">
      {data.length > 0 ? (
        <ul className="-my-2 divide-y">
          {data.map((token) => (
            <Entry key={token.id} token={token} now={now} />
          ))}
        </ul>
      ) : (
        <p className="text-sm text-muted">
          You have none. A script sends one as{' '}
          <code className="font-mono text-ink">Authorization: Bearer …</code> and may then do, or only read,
          what you may.
        </p>
      )}
      <Button className="self-start" onClick={() => setMaking(true)}>
        <Plus aria-hidden /> New token
      </Button>
      {making && <NewTokenDialog onClose={() => setMaking(false)} />}
    </div>
  )
}

function Entry({ token, now }: { token: PersonalToken; now: number }) {
  const client = useQueryClient()
  const confirm = useConfirm()
  const remove = useMutation({
    mutationFn: () => deleteToken({ path: { token: token.id } }),
    onError: (error) =>
      toast.error('The token could not be deleted', { description: describe(error).message }),
    onSettled: () => client.invalidateQueries({ predicate: queriesOf(['listTokens']) }),
  })
  const onDelete = async () => {
    const yes = await confirm({
      title: `Delete the token “${token.name}”?`,
      body: 'Whatever uses it is refused from then on. This cannot be undone.',
      action: 'Delete token',
      danger: true,
    })
    if (yes) remove.mutate()
  }
  return (
    <li className="flex items-center gap-3 py-2.5">
      <div className="min-w-0 flex-1 text-sm">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-1 font-medium">
          <span className="min-w-0 break-words">{token.name}</span>
          <Badge tone={token.scope === 'write' ? 'warn' : 'neutral'}>
            {token.scope === 'write' ? 'may change' : 'may read'}
          </Badge>
        </p>
        <p className="text-xs text-muted">
          {token.last_seen_at ? `last used ${formatAgo(token.last_seen_at, now)}` : 'never used'} ·{' '}
          <time dateTime={token.expires_at}>ends {formatDateTime(token.expires_at)}</time>
        </p>
      </div>
      <Button
        size="sm"
        variant="dangerGhost"
        aria-label={`Delete ${token.name}`}
        busy={remove.isPending}
        onClick={() => void onDelete()}
      >
        Delete
      </Button>
    </li>
  )
}
