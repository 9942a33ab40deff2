import { useMutation, useQueryClient } from '@tanstack/react-query'
import { describe } from '@/api/errors'
import { queriesOf } from '@/api/queries'
import { signPersonOut, updatePerson } from '@/api/sdk'
import type { Person } from '@/api/types'
import { formatAgo, formatDateTime } from '@/lib/format'
import { Badge } from '@/ui/badge'
import { Button } from '@/ui/button'
import { type Question, useConfirm } from '@/ui/confirm'
import { toast } from '@/ui/toast'

interface PersonRowProps {
  person: Person
  /** Whether it is the one who looks: nobody shuts themselves out. */
  own: boolean
  now: number
}

export function PersonRow({ person, own, now }: PersonRowProps) {
  const name = person.name || person.email || 'Somebody without a name'
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-2 px-4 py-3">
      <div className="min-w-0 flex-1 basis-56 text-sm">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-1 font-medium">
          <span className="min-w-0 break-words">{name}</span>
          {own && <Badge tone="accent">you</Badge>}
          {person.is_admin && <Badge tone="info">administrator</Badge>}
          {person.disabled_at && <Badge tone="bad">disabled</Badge>}
        </p>
        <p className="text-xs break-words text-muted">
          {person.email && person.email !== name && <>{person.email} · </>}
          {person.last_login_at ? (
            <time dateTime={person.last_login_at} title={formatDateTime(person.last_login_at)}>
              signed in {formatAgo(person.last_login_at, now)}
            </time>
          ) : (
            'never signed in'
          )}
        </p>
      </div>
      {!own && <Actions person={person} name={name} />}
    </li>
  )
}

function Actions({ person, name }: { person: Person; name: string }) {
  const client = useQueryClient()
  const confirm = useConfirm()
  const options = {
    onError: (error: Error) => toast.error('That did not work', { description: describe(error).message }),
    onSettled: () => client.invalidateQueries({ predicate: queriesOf(['listPeople']) }),
  }
  const path = { user: person.id }
  const patch = useMutation({
    mutationFn: (disabled: boolean) => updatePerson({ path, body: { disabled } }),
    ...options,
  })
  const signOut = useMutation({
    mutationFn: () => signPersonOut({ path }),
    onSuccess: () => toast.success(`${name} is signed out`),
    ...options,
  })
  const asked = async (question: Question, then: () => void) => (await confirm(question)) && then()
  if (person.disabled_at) {
    const onEnable = () => void asked(enabling(name), () => patch.mutate(false))
    return (
      <Button size="sm" aria-label={`Enable ${name}`} busy={patch.isPending} onClick={onEnable}>
        Enable
      </Button>
    )
  }
  return (
    <div className="flex gap-2">
      <Button
        size="sm"
        aria-label={`Sign out ${name}`}
        busy={signOut.isPending}
        onClick={() => void asked(signingOut(name), () => signOut.mutate())}
      >
        Sign out
      </Button>
      <Button
        size="sm"
        variant="dangerGhost"
        aria-label={`Disable ${name}`}
        busy={patch.isPending}
        onClick={() => void asked(disabling(name), () => patch.mutate(true))}
      >
        Disable
      </Button>
    </div>
  )
}

const enabling = (name: string): Question => ({
  title: `Let ${name} in again?`,
  body: 'They have to sign in anew. Their projects are as they were; deleted access tokens stay deleted.',
  action: 'Enable',
})

const disabling = (name: string): Question => ({
  title: `Shut ${name} out?`,
  body: 'All their browsers are signed out at once and their access tokens end. Their projects stay as they are.',
  action: 'Disable',
  danger: true,
})

const signingOut = (name: string): Question => ({
  title: `Sign out ${name}?`,
  body: 'All their browsers are signed out at once and their access tokens end. They may sign in again.',
  action: 'Sign out',
  danger: true,
})
