import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { describe } from '@/api/errors'
import { getConfigStateOptions } from '@/api/options'
import { queriesOf, versionsOptions } from '@/api/queries'
import { activateConfig } from '@/api/sdk'
import type { Config } from '@/api/types'
import { formatAgo, formatDateTime } from '@/lib/format'
import { Badge } from '@/ui/badge'
import { Button } from '@/ui/button'
import { useConfirm } from '@/ui/confirm'
import { ShowOlder } from '@/ui/show-older'
import { ErrorState, Loading } from '@/ui/states'
import { toast } from '@/ui/toast'
import { CompareDialog } from './CompareDialog'
import { PodVersion } from './PodVersion'

export interface VersionsProps {
  projectId: string
  /** The form above holds changes, which another active version takes away. */
  unsaved: boolean
  onActivated: () => void
}

/** Every version that was saved; none is ever changed, each can be active again. */
export function Versions({ projectId, unsaved, onActivated }: VersionsProps) {
  const client = useQueryClient()
  const confirm = useConfirm()
  const path = { project: projectId }
  const [compared, setCompared] = useState<number | null>(null)
  const state = useQuery(getConfigStateOptions({ path }))
  const versions = useInfiniteQuery(versionsOptions(projectId))
  const activate = useMutation({
    mutationFn: (version: number) => activateConfig({ path: { ...path, version } }),
    onSuccess: ({ version }) => {
      toast.success(`Version ${version} is active`)
      onActivated()
    },
    onError: (error) =>
      toast.error('The version was not activated', { description: describe(error).message }),
    onSettled: () =>
      client.invalidateQueries({
        predicate: queriesOf(['getConfig', 'listConfigVersions', 'getConfigState', 'getProject']),
      }),
  })
  const onActivate = async (version: number) => {
    const question = {
      title: `Activate version ${version}?`,
      body: 'The form has changes that are not saved; they are lost.',
      action: 'Activate',
      danger: true,
    }
    if (!unsaved || (await confirm(question))) activate.mutate(version)
  }
  if (versions.isPending) return <Loading label="Reading the versions…" className="py-4" />
  if (versions.isError) {
    return (
      <ErrorState
        title="The versions cannot be shown"
        {...describe(versions.error)}
        onRetry={() => void versions.refetch()}
      />
    )
  }
  const saved = versions.data.pages.flatMap((page) => page.items)
  if (saved.length === 0) return null
  const active = state.data?.active_version ?? saved.find(({ is_active }) => is_active)?.version
  /** With the active one; that itself with the newest of the others. */
  const other = (version: number) =>
    version === active ? saved.find((one) => one.version !== version)?.version : active
  const partner = compared === null ? undefined : other(compared)
  return (
    <div className="flex flex-col gap-2">
      <PodVersion projectId={projectId} />
      <h3 className="text-sm font-medium">Versions</h3>
      <ol className="mt-1 max-h-72 divide-y overflow-y-auto scroll-thin rounded-md border">
        {saved.map((config) => (
          <Version
            key={config.id}
            config={config}
            busy={activate.isPending}
            comparable={other(config.version) !== undefined}
            onActivate={() => void onActivate(config.version)}
            onCompare={() => setCompared(config.version)}
          />
        ))}
      </ol>
      <ShowOlder {...versions} />
      {compared !== null && partner !== undefined && (
        <CompareDialog
          projectId={projectId}
          versions={saved.map(({ version }) => version)}
          before={Math.min(compared, partner)}
          after={Math.max(compared, partner)}
          onClose={() => setCompared(null)}
        />
      )}
    </div>
  )
}

interface VersionProps {
  config: Config
  busy: boolean
  comparable: boolean
  onActivate: () => void
  onCompare: () => void
}

function Version({ config, busy, comparable, onActivate, onCompare }: VersionProps) {
  return (
    <li className="flex min-h-11 flex-wrap items-center gap-2 px-3 py-1.5 text-sm">
      <span className="font-medium">v{config.version}</span>
      <span className="min-w-0 truncate text-muted">
        {config.provider} · {config.model}
      </span>
      <time
        dateTime={config.created_at}
        title={formatDateTime(config.created_at)}
        className="text-xs text-muted"
      >
        {formatAgo(config.created_at)}
      </time>
      <span className="ml-auto flex items-center gap-2">
        {comparable && (
          <Button
            size="sm"
            variant="ghost"
            onClick={onCompare}
            aria-label={`Compare version ${config.version} with ${config.is_active ? 'another' : 'the active one'}`}
          >
            Compare
          </Button>
        )}
        {config.is_active ? (
          <Badge tone="ok">Active</Badge>
        ) : (
          <Button
            size="sm"
            disabled={busy}
            onClick={onActivate}
            aria-label={`Activate version ${config.version}`}
          >
            Activate
          </Button>
        )}
      </span>
    </li>
  )
}
