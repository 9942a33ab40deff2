import { AlertDialog as Radix } from 'radix-ui'
import { createContext, type ReactNode, useCallback, useContext, useRef, useState } from 'react'
import { Button } from './button'
import { overlayStyle } from './dialog'

export interface Question {
  title: string
  body?: ReactNode
  /** The verb on the button, such as "Delete card". */
  action: string
  danger?: boolean
}

type Ask = (question: Question) => Promise<boolean>

const ConfirmContext = createContext<Ask | null>(null)

/** Gives `useConfirm` below it: an awaited yes or no, only for what destroys work. */
export function ConfirmProvider({ children }: { children: ReactNode }) {
  const [question, setQuestion] = useState<Question | null>(null)
  const [open, setOpen] = useState(false)
  const resolve = useRef<(yes: boolean) => void>(undefined)

  const ask = useCallback<Ask>((next) => {
    resolve.current?.(false)
    setQuestion(next)
    setOpen(true)
    return new Promise((done) => {
      resolve.current = done
    })
  }, [])

  const answer = (yes: boolean) => {
    setOpen(false)
    resolve.current?.(yes)
    resolve.current = undefined
  }

  return (
    <ConfirmContext value={ask}>
      {children}
      <Radix.Root open={open} onOpenChange={(next) => !next && answer(false)}>
        <Radix.Portal>
          <Radix.Overlay className={overlayStyle} />
          <Radix.Content className="fixed top-[20vh] left-1/2 z-50 w-[calc(100vw-1.5rem)] max-w-md -translate-x-1/2 rounded-xl border bg-raised p-5 shadow-pop animate-in fade-in-0 zoom-in-95">
            <Radix.Title className="text-base font-semibold">{question?.title}</Radix.Title>
            <Radix.Description asChild>
              <div className="mt-1.5 text-sm text-muted">{question?.body}</div>
            </Radix.Description>
            <div className="mt-5 flex justify-end gap-2">
              <Radix.Cancel asChild>
                <Button>Cancel</Button>
              </Radix.Cancel>
              <Button variant={question?.danger ? 'danger' : 'primary'} onClick={() => answer(true)}>
                {question?.action}
              </Button>
            </div>
          </Radix.Content>
        </Radix.Portal>
      </Radix.Root>
    </ConfirmContext>
  )
}

export function useConfirm(): Ask {
  const ask = useContext(ConfirmContext)
  if (!ask) throw new Error('useConfirm needs a ConfirmProvider above it')
  return ask
}
