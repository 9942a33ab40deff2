import { Keyboard, LogOut, ScrollText, Settings, User as UserIcon, Users } from 'lucide-react'
import { useNavigate } from 'react-router'
import type { Me } from '@/api/types'
import { useChangePreferences } from '@/features/account/preferences'
import { THEMES } from '@/features/account/ThemeChoice'
import { useSignOut } from '@/features/account/useSignOut'
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

export function UserMenu({ me, onShortcuts }: { me: Me; onShortcuts: () => void }) {
  const { user } = me
  const theme = useTheme()
  const change = useChangePreferences()
  const navigate = useNavigate()
  const signOut = useSignOut()
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
        {user.is_admin && me.sign_in === 'oidc' && (
          <DropdownMenuItem onSelect={() => void navigate('/people')}>
            <Users aria-hidden /> People
          </DropdownMenuItem>
        )}
        <DropdownMenuItem shortcut="?" onSelect={onShortcuts}>
          <Keyboard aria-hidden /> Shortcuts
        </DropdownMenuItem>
        <DropdownMenuItem onSelect={() => signOut.mutate()}>
          <LogOut aria-hidden /> Sign out
        </DropdownMenuItem>
      </DropdownMenuContent>
    </DropdownMenu>
  )
}
