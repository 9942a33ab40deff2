import { type ReactNode, useId } from 'react'

export interface SwitchProps {
  label: string
  on: boolean
  disabled?: boolean
  hint?: string
  onChange: (on: boolean) => void
  children?: ReactNode
}

export function Switch({ label, on, disabled, hint, onChange, children }: SwitchProps) {
  const id = useId()
  return (
    <div className="flex min-h-7 items-center gap-2 text-sm">
      <input
        id={id}
        type="checkbox"
        checked={on}
        disabled={disabled}
        onChange={(event) => onChange(event.target.checked)}
        className="size-4 accent-accent"
      />
      <label htmlFor={id} className="flex-1">
        {label}
        {hint && <span className="block text-xs text-muted">{hint}</span>}
      </label>
      {children}
    </div>
  )
}
