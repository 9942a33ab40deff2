import { type FormEvent, type ReactNode, useState } from 'react'
import { Button } from './button'
import { Dialog, DialogBody, DialogContent, DialogFooter, DialogTrigger } from './dialog'
import { Field } from './field'
import { Input } from './input'

export interface ConfirmByNameProps {
  name: string
  description: ReactNode
  /** The verb on the button that does it. */
  action: string
  busy: boolean
  onConfirm: () => void
  /** The button that opens the question. */
  children: ReactNode
}

/** Asks for the name of what is to be deleted: for what a slip must not do. */
export function ConfirmByName({ name, description, action, busy, onConfirm, children }: ConfirmByNameProps) {
  const [typed, setTyped] = useState('')
  const sure = typed.trim() === name
  const onSubmit = (event: FormEvent) => {
    event.preventDefault()
    if (sure) onConfirm()
  }
  return (
    <Dialog onOpenChange={() => setTyped('')}>
      <DialogTrigger asChild>{children}</DialogTrigger>
      <DialogContent className="max-w-md" title={`Delete ${name}?`} description={description}>
        <form onSubmit={onSubmit}>
          <DialogBody>
            <Field label={`Type “${name}” to confirm`}>
              {(control) => (
                <Input
                  {...control}
                  autoFocus
                  autoComplete="off"
                  value={typed}
                  onChange={(event) => setTyped(event.target.value)}
                />
              )}
            </Field>
          </DialogBody>
          <DialogFooter>
            <Button type="submit" variant="danger" busy={busy} disabled={!sure}>
              {action}
            </Button>
          </DialogFooter>
        </form>
      </DialogContent>
    </Dialog>
  )
}
