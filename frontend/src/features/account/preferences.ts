import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { describe } from '@/api/errors'
import { getPreferencesOptions } from '@/api/options'
import { updatePreferences } from '@/api/sdk'
import type { Notifications, Preferences, PreferencesPatch } from '@/api/types'
import { setSingleKeys } from '@/lib/shortcuts'
import { readTheme, setTheme } from '@/lib/theme'
import { toast } from '@/ui/toast'

const USUAL: Required<Notifications> = { desktop: false, sound: false, done: true, needs_you: true }

export interface Liked {
  theme: NonNullable<Preferences['theme']>
  notifications: Required<Notifications>
  single_key_shortcuts: boolean
}

const CHANGING = ['preferences']

function filled(kept: Preferences | undefined): Liked | undefined {
  return (
    kept && {
      theme: kept.theme ?? 'system',
      notifications: { ...USUAL, ...kept.notifications },
      single_key_shortcuts: kept.single_key_shortcuts ?? true,
    }
  )
}

/** How this person likes the product; undefined until it was read. */
export function usePreferences() {
  const query = useQuery({ ...getPreferencesOptions(), staleTime: 60_000 })
  return { ...query, preferences: filled(query.data) }
}

/** What was chosen in another browser is taken over here. */
export function useKeptTheme(): void {
  const theme = usePreferences().preferences?.theme
  const taken = useRef<string>(undefined)
  useEffect(() => {
    if (!theme || theme === taken.current) return
    taken.current = theme
    if (theme !== readTheme()) setTheme(theme)
  }, [theme])
}

/** Until the preferences are read, all shortcuts work. */
export function useKeptShortcuts(): void {
  const on = usePreferences().preferences?.single_key_shortcuts ?? true
  useEffect(() => setSingleKeys(on), [on])
}

/** Changes at once, and back again if the server refuses. */
export function useChangePreferences() {
  const client = useQueryClient()
  const { queryKey } = getPreferencesOptions()
  const { mutate } = useMutation({
    mutationKey: CHANGING,
    mutationFn: (patch: PreferencesPatch) => updatePreferences({ body: patch }),
    onMutate: async ({ notifications, ...patch }: PreferencesPatch) => {
      await client.cancelQueries({ queryKey })
      const before = client.getQueryData(queryKey)
      const now = filled(before ?? {})
      if (patch.theme) setTheme(patch.theme)
      const changed = { ...now, ...patch, notifications: { ...now?.notifications, ...notifications } }
      client.setQueryData(queryKey, changed as Preferences)
      return { before }
    },
    onError: (error, { theme }, context) => {
      client.setQueryData(queryKey, context?.before)
      if (theme && context?.before?.theme) setTheme(context.before.theme)
      toast.error('Your settings could not be kept', { description: describe(error).message })
    },
    onSettled: () => {
      // While a later change is under way, its answer will bring the truth for both.
      if (client.isMutating({ mutationKey: CHANGING }) > 1) return
      void client.invalidateQueries({ queryKey })
    },
  })
  return mutate
}
