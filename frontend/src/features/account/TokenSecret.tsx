import { Check, Copy, TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import type { MadeToken } from '@/api/types'
import { Button } from '@/ui/button'
import { Dialog, DialogBody, DialogContent, DialogFooter } from '@/ui/dialog'

/** The one time that a secret is seen. A click beside the dialog does not close it: what is lost here is lost. */
export function TokenSecret({ made, onClose }: { made: MadeToken; onClose: () => void }) {
  const [copied, setCopied] = useState<boolean | null>(null)
  const onCopy = async (secret: string) => {
    try {
      await navigator.clipboard.writeText(secret)
      setCopied(true)
    } catch {
      setCopied(false)
    }
  }
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()}>
      <DialogContent
        title={`Token “${made.token.name}”`}
        description="Keep it where the program finds it, as you would keep a password."
        onInteractOutside={(event) => event.preventDefault()}
      >
        <DialogBody>
          {made.secret ? (
            <>
              <p className="flex gap-2 rounded-md bg-warn/12 px-3 py-2 text-sm">
                <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-warn" />
                This is the only time it is shown. The server keeps no copy that could be read.
              </p>
              <div className="flex flex-wrap items-center gap-2">
                <code className="min-w-0 flex-1 basis-60 rounded-md border bg-sunken px-3 py-2 font-mono text-sm break-all select-all">
                  {made.secret}
                </code>
                <Button autoFocus variant="primary" onClick={() => void onCopy(made.secret ?? '')}>
                  {copied ? <Check aria-hidden /> : <Copy aria-hidden />} Copy
                </Button>
              </div>
              <p role="status" className="min-h-5 text-xs text-muted">
                {copied && 'Copied.'}
                {copied === false &&
                  'The browser does not let this page copy; select the text and copy it yourself.'}
              </p>
            </>
          ) : (
            <p className="text-sm">
              The token was made, and its secret was lost on the way. Delete it and make another one.
            </p>
          )}
        </DialogBody>
        <DialogFooter>
          <Button onClick={onClose}>Done</Button>
        </DialogFooter>
      </DialogContent>
    </Dialog>
  )
}
