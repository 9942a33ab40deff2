import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { describe } from '@/api/errors'
import { getPreferencesOptions } from '@/api/options'
import { updatePreferences } from '@/api/sdk'
import type { Notifications, Preferences, PreferencesPatch } from '@/api/types'
import { readTheme, setTheme } from '@/lib/theme'
import { toast } from '@/ui/toast'

const USUAL: Required<Notifications> = { desktop: false, sound: false, done: true, needs_you: true }

export interface Liked {
  theme: NonNullable<Preferences['theme']>
  notifications: Required<Notifications>
}

function filled(kept: Preferences | undefined): Liked | undefined {
  return kept && { theme: kept.theme ?? 'system', notifications: { ...USUAL, ...kept.notifications } }
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

/** Changes at once, and back again if the server refuses. */
export function useChangePreferences() {
  const client = useQueryClient()
  const { queryKey } = getPreferencesOptions()
  const { mutate } = useMutation({
    mutationFn: (patch: PreferencesPatch) => updatePreferences({ body: patch }),
    onMutate: async ({ theme, notifications }: PreferencesPatch) => {
      await client.cancelQueries({ queryKey })
      const before = client.getQueryData(queryKey)
      const now = filled(before ?? {})
      if (theme) setTheme(theme)
      const changed = {
        ...now,
        ...(theme && { theme }),
        notifications: { ...now?.notifications, ...notifications },
      }
      client.setQueryData(queryKey, changed as Preferences)
      return { before }
    },
    onError: (error, { theme }, context) => {
      client.setQueryData(queryKey, context?.before)
      if (theme && context?.before?.theme) setTheme(context.before.theme)
      toast.error('Your settings could not be kept', { description: describe(error).message })
    },
  })
  return mutate
}
