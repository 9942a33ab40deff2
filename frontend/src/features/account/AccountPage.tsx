import { describe } from '@/api/errors'
import { Section } from '@/ui/section'
import { ShortcutList } from '@/ui/shortcut-list'
import { ErrorState, Loading } from '@/ui/states'
import { Notifications } from './Notifications'
import { useChangePreferences, usePreferences } from './preferences'
import { SignIns } from './SignIns'
import { Switch } from './Switch'
import { ThemeChoice } from './ThemeChoice'
import { Tokens } from './Tokens'

/** What belongs to the person and not to a project. */
export default function AccountPage() {
  const { preferences, error, refetch } = usePreferences()
  const change = useChangePreferences()
  return (
    <div className="min-h-0 flex-1 overflow-y-auto scroll-thin">
      <div className="mx-auto flex max-w-3xl flex-col gap-6 p-4">
        <h1 className="text-lg font-semibold">Your settings</h1>
        {preferences ? (
          <>
            <Section title="Theme" description="Kept with your account, for every browser you use.">
              <ThemeChoice theme={preferences.theme} onChange={(theme) => change({ theme })} />
            </Section>
            <Section
              title="Notifications"
              description="Only while no window of this application is in front. They name the card and never its text."
            >
              <Notifications
                kept={preferences.notifications}
                onChange={(notifications) => change({ notifications })}
              />
            </Section>
            <Section
              title="Where you are signed in"
              description="Sign out what you do not know; it takes effect at once."
            >
              <SignIns />
            </Section>
            <Section
              title="Access tokens"
              description="For programs and scripts of yours that use the API of this server."
            >
              <Tokens />
            </Section>
            <Section
              title="Keyboard shortcuts"
              description="Those that work everywhere; “Shortcuts” in your menu shows those of the page you are on."
            >
              <div className="flex flex-col gap-4">
                <Switch
                  label="Single-key shortcuts"
                  hint="Without them no single letter or sign does anything; Escape, the arrow keys, and keys together with Ctrl or Cmd still work."
                  on={preferences.single_key_shortcuts}
                  onChange={(single_key_shortcuts) => change({ single_key_shortcuts })}
                />
                <ShortcutList />
              </div>
            </Section>
          </>
        ) : error ? (
          <ErrorState
            title="Your settings could not be read"
            {...describe(error)}
            onRetry={() => void refetch()}
          />
        ) : (
          <Loading label="Reading your settings" />
        )}
      </div>
    </div>
  )
}
