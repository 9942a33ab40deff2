import { useQuery } from '@tanstack/react-query'
import { Pencil, Plus, SquareTerminal, X } from 'lucide-react'
import { useRef, useState } from 'react'
import { useSearchParams } from 'react-router'
import { describe } from '@/api/errors'
import type { ProjectSummary, Terminal } from '@/api/types'
import { useReadOnly } from '@/lib/readOnly'
import { Button } from '@/ui/button'
import { useConfirm } from '@/ui/confirm'
import { IconButton } from '@/ui/icon-button'
import { EmptyState, ErrorState, Loading } from '@/ui/states'
import { Tabs, TabsContent, TabsList, TabsTrigger } from '@/ui/tabs'
import { isStarting, terminalsOptions, useClose, useRefresh } from './api'
import { RenameDialog } from './RenameDialog'
import { Screen } from './Screen'
import { useOpening } from './useOpening'

/** The smallest number that no terminal is called by yet. */
function nextTitle(terminals: Terminal[]): string {
  const taken = new Set(terminals.map(({ title }) => title))
  let number = 1
  while (taken.has(`Terminal ${number}`)) number += 1
  return `Terminal ${number}`
}

function isStopped({ pod_status }: ProjectSummary): boolean {
  return pod_status === 'absent' || pod_status === 'stopping'
}

/** The terminals of a project; everyone who sees it sees the same ones. */
export default function TerminalPage({ project }: { project: ProjectSummary }) {
  const query = useQuery(terminalsOptions(project.id))
  const [params, setParams] = useSearchParams()
  const [renaming, setRenaming] = useState<Terminal | null>(null)
  const tabs = useRef<HTMLDivElement>(null)
  const close = useClose(project.id)
  const refresh = useRefresh(project.id)
  const confirm = useConfirm()
  const archived = useReadOnly()

  const terminals = query.data
  const choose = (id: string) => setParams({ terminal: id }, { replace: true })
  const opening = useOpening(project.id, query, ({ id }) => choose(id))
  const onOpen = () => opening.open(nextTitle(terminals ?? []))

  const active = terminals?.find(({ id }) => id === params.get('terminal')) ?? terminals?.[0]
  if (!terminals || !active) {
    if (isStarting(query.error)) return <Loading label="Starting the workspace" />
    if (query.isError && (!terminals || opening.waiting)) {
      const retry = () => void query.refetch()
      return (
        <ErrorState title="The terminals could not be listed" {...describe(query.error)} onRetry={retry} />
      )
    }
    if (opening.waiting) return <Loading label="Starting the workspace" />
    if (!terminals) return <Loading label="Looking for terminals" />
    if (archived) return <Resting />
    return <NoTerminal stopped={isStopped(project)} busy={opening.busy} onOpen={onOpen} />
  }

  const onClose = async () => {
    const question = {
      title: `Close ${active.title}?`,
      body: 'Its shell and everything that it has started end, for everyone who uses it.',
      action: 'Close terminal',
      danger: true,
    }
    if (!active.running || (await confirm(question))) close.mutate(active.id)
  }

  return (
    <Tabs value={active.id} onValueChange={choose} className="flex min-h-0 flex-1 flex-col">
      <div ref={tabs} className="flex items-center border-b">
        <TabsList aria-label="Terminals" className="min-w-0 border-b-0">
          {terminals.map(({ id, title }) => (
            <TabsTrigger key={id} value={id}>
              <span className="max-w-40 truncate">{title}</span>
            </TabsTrigger>
          ))}
        </TabsList>
        <div className="ml-auto flex shrink-0 gap-0.5 px-2">
          <IconButton label="New terminal" disabled={opening.busy || opening.waiting} onClick={onOpen}>
            <Plus aria-hidden />
          </IconButton>
          <IconButton label="Rename terminal" onClick={() => setRenaming(active)}>
            <Pencil aria-hidden />
          </IconButton>
          <IconButton label="Close terminal" disabled={close.isPending} onClick={() => void onClose()}>
            <X aria-hidden />
          </IconButton>
        </div>
      </div>
      <TabsContent key={active.id} value={active.id} className="flex min-w-0 flex-col" tabIndex={-1}>
        <Screen
          projectId={project.id}
          terminalId={active.id}
          label={active.title}
          onEnded={() => void refresh()}
          onLeave={() => tabs.current?.querySelector<HTMLElement>('[role=tab][data-state=active]')?.focus()}
        />
      </TabsContent>
      {renaming && (
        <RenameDialog projectId={project.id} terminal={renaming} onClose={() => setRenaming(null)} />
      )}
    </Tabs>
  )
}

function Resting() {
  return (
    <EmptyState icon={<SquareTerminal aria-hidden />} title="The workspace rests" className="pt-24">
      Its files are kept; terminals can be opened again when the project is restored.
    </EmptyState>
  )
}

interface NoTerminalProps {
  stopped: boolean
  busy: boolean
  onOpen: () => void
}

/** Nothing is started for who only looks: a workspace may have been stopped on purpose. */
function NoTerminal({ stopped, busy, onOpen }: NoTerminalProps) {
  return (
    <EmptyState
      icon={<SquareTerminal aria-hidden />}
      title={stopped ? 'The workspace is stopped' : 'No terminal is open'}
      className="pt-24"
      action={
        <Button variant="primary" busy={busy} onClick={onOpen}>
          {!busy && <Plus aria-hidden />} {stopped ? 'Start it and open a terminal' : 'Open a terminal'}
        </Button>
      }
    >
      {stopped
        ? 'Its terminals ended with it; the files are kept.'
        : "A shell in this project's workspace, beside the agent. It goes on when you leave the page."}
    </EmptyState>
  )
}
