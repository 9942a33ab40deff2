import { QueryClientProvider } from '@tanstack/react-query'
import { type RenderResult, render } from '@testing-library/react'
import type { ReactNode } from 'react'
import { createMemoryRouter, RouterProvider } from 'react-router'
import { createQueryClient } from '@/api/client'
import { RealtimeProvider } from '@/realtime/RealtimeProvider'
import { ConfirmProvider } from '@/ui/confirm'
import { Toaster } from '@/ui/toast'
import { TooltipProvider } from '@/ui/tooltip'
import { UnsavedProvider } from '@/ui/unsaved'

export interface Rendered extends RenderResult {
  /** Where the browser is, with search. */
  location: () => string
}

/** Shows a component with everything that stands above it in the product. `path` is its route pattern. */
export function renderAt(ui: ReactNode, { at = '/', path = '*' } = {}): Rendered {
  const client = createQueryClient()
  client.setDefaultOptions({ queries: { retry: false, staleTime: 60_000 } })
  const router = createMemoryRouter(
    [
      { path, element: <UnsavedProvider>{ui}</UnsavedProvider> },
      { path: '*', element: null },
    ],
    { initialEntries: [at] },
  )
  const result = render(
    <QueryClientProvider client={client}>
      <TooltipProvider>
        <ConfirmProvider>
          <RealtimeProvider>
            <RouterProvider router={router} />
            <Toaster />
          </RealtimeProvider>
        </ConfirmProvider>
      </TooltipProvider>
    </QueryClientProvider>,
  )
  const location = () => router.state.location.pathname + router.state.location.search
  return { ...result, location }
}
