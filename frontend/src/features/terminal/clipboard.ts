/** Copying and pasting by keys of our own. What the browser refuses is said: nothing else would show it. */
import type { Terminal } from '@xterm/xterm'
import { toast } from '@/ui/toast'

export async function copySelection(terminal: Pick<Terminal, 'getSelection'>): Promise<void> {
  try {
    await navigator.clipboard.writeText(terminal.getSelection())
  } catch {
    toast.error('The browser does not let this page copy')
  }
}

/** Some browsers ask before they let a page read this, and their question goes when the focus is moved. */
export async function paste(terminal: Pick<Terminal, 'paste' | 'focus'>): Promise<void> {
  let text: string
  try {
    text = await navigator.clipboard.readText()
  } catch {
    toast.error('The browser does not let this page paste', {
      description: 'Allow it to read the clipboard, or paste with the keyboard of your device.',
    })
    return
  }
  if (text) terminal.paste(text)
  terminal.focus()
}
