import { useMutation } from '@tanstack/react-query'
import { Keyboard, LogOut, ScrollText, Settings, User as UserIcon } from 'lucide-react'
import { useNavigate } from 'react-router'
import { announceSignedOut } from '@/api/auth'
import { describe } from '@/api/errors'
import { logoutMutation } from '@/api/options'
import type { User } from '@/api/types'
import { useChangePreferences } from '@/features/account/preferences'
import { THEMES } from '@/features/account/ThemeChoice'
import { type Theme, useTheme } from '@/lib/theme'
import { Button } from '@/ui/button'
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuItem,
  DropdownMenuLabel,
  DropdownMenuRadioGroup,
  DropdownMenuRadioItem,
  DropdownMenuSeparator,
  DropdownMenuTrigger,
} from '@/ui/dropdown-menu'
import { toast } from '@/ui/toast'

export function UserMenu({ user, onShortcuts }: { user: User; onShortcuts: () => void }) {
  const theme = useTheme()
  const change = useChangePreferences()
  const navigate = useNavigate()
  const logout = useMutation({
    ...logoutMutation(),
    onSuccess: announceSignedOut,
    onError: (error) => toast.error('Signing out failed', { description: describe(error).message }),
  })
  return (
    <DropdownMenu>
      <DropdownMenuTrigger asChild>
        <Button variant="ghost" size="icon" aria-label="You and your settings">
          <UserIcon aria-hidden />
        </Button>
      </DropdownMenuTrigger>
      <DropdownMenuContent align="end" className="w-56">
        <DropdownMenuLabel className="truncate">{user.name || user.email || 'You'}</DropdownMenuLabel>
        <DropdownMenuSeparator />
        <DropdownMenuLabel>Theme</DropdownMenuLabel>
        <DropdownMenuRadioGroup value={theme} onValueChange={(value) => change({ theme: value as Theme })}>
          {THEMES.map(({ value, label, icon: Icon }) => (
            <DropdownMenuRadioItem key={value} value={value}>
              <Icon aria-hidden /> {label}
            </DropdownMenuRadioItem>
          ))}
        </DropdownMenuRadioGroup>
        <DropdownMenuSeparator />
        <DropdownMenuItem onSelect={() => void navigate('/settings')}>
          <Settings aria-hidden /> Your settings
        </DropdownMenuItem>
        <DropdownMenuItem onSelect={() => void navigate('/sign-ins')}>
          <ScrollText aria-hidden /> Your sign-ins
        </DropdownMenuItem>
        <DropdownMenuItem shortcut="?" onSelect={onShortcuts}>
          <Keyboard aria-hidden /> Shortcuts
        </DropdownMenuItem>
        <DropdownMenuItem onSelect={() => logout.mutate({})}>
          <LogOut aria-hidden /> Sign out
        </DropdownMenuItem>
      </DropdownMenuContent>
    </DropdownMenu>
  )
}
