import { Toaster as Sonner } from 'sonner'
import { useTheme } from '@/lib/theme'

export { toast } from 'sonner'

export function Toaster() {
  return (
    <Sonner
      theme={useTheme()}
      position="bottom-right"
      closeButton
      toastOptions={{
        style: { background: 'var(--raised)', color: 'var(--ink)', borderColor: 'var(--line-strong)' },
        classNames: { description: '!text-muted' },
      }}
    />
  )
}
