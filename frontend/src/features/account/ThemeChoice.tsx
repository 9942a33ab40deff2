import { Monitor, Moon, Sun } from 'lucide-react'
import type { Theme } from '@/lib/theme'

export const THEMES = [
  { value: 'system', label: 'Like the system', icon: Monitor },
  { value: 'light', label: 'Light', icon: Sun },
  { value: 'dark', label: 'Dark', icon: Moon },
] as const

export function ThemeChoice({ theme, onChange }: { theme: Theme; onChange: (theme: Theme) => void }) {
  return (
    <fieldset aria-label="Theme" className="flex flex-wrap gap-2">
      {THEMES.map(({ value, label, icon: Icon }) => (
        <label
          key={value}
          className="flex cursor-pointer items-center gap-2 rounded-md border px-3 py-2 text-sm has-checked:border-accent-ink has-checked:bg-accent/8"
        >
          <input
            type="radio"
            name="theme"
            checked={theme === value}
            onChange={() => onChange(value)}
            className="accent-accent"
          />
          <Icon aria-hidden className="size-4" /> {label}
        </label>
      ))}
    </fieldset>
  )
}
