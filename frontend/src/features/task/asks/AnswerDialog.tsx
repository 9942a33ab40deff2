import { useQuery } from '@tanstack/react-query'
import { useEffect, useMemo, useRef } from 'react'
import { Link } from 'react-router'
import { describe } from '@/api/errors'
import { interactionsOptions } from '@/api/queries'
import type { AskedCard } from '@/lib/answering'
import { Button } from '@/ui/button'
import { Dialog, DialogBody, DialogContent, DialogFooter } from '@/ui/dialog'
import { ErrorState, Loading } from '@/ui/states'
import { CardProvider } from '../context'
import { AskCard } from './AskCard'

/** All that the agent of a card waits for, answered without opening the card; closes with the last answer. */
export default function AnswerDialog({ card, onClose }: { card: AskedCard; onClose: () => void }) {
  const { projectId, taskId } = card
  const ref = useMemo(() => ({ projectId, taskId }), [projectId, taskId])
  const { data, error, refetch } = useQuery(interactionsOptions(ref))
  const pending = data?.filter(({ state }) => state === 'pending') ?? []
  const asked = useRef(false)
  const count = pending.length
  useEffect(() => {
    if (asked.current && count === 0) onClose()
    asked.current = count > 0
  }, [count, onClose])

  return (
    <Dialog open onOpenChange={(open) => !open && onClose()}>
      <DialogContent title={card.title} description="The agent waits for your answer and then goes on.">
        <DialogBody>
          {error ? (
            <ErrorState
              title="What the agent asks could not be read"
              {...describe(error)}
              onRetry={() => void refetch()}
            />
          ) : !data ? (
            <Loading label="Reading what the agent asks" />
          ) : count === 0 ? (
            <p className="text-sm text-muted">Nothing waits for an answer here any more.</p>
          ) : (
            <CardProvider value={ref}>
              {pending.map((interaction) => (
                <AskCard key={interaction.id} interaction={interaction} />
              ))}
            </CardProvider>
          )}
        </DialogBody>
        <DialogFooter>
          <Button asChild variant="ghost">
            <Link to={card.url} onClick={onClose}>
              Open the card
            </Link>
          </Button>
        </DialogFooter>
      </DialogContent>
    </Dialog>
  )
}
