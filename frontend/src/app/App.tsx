import { QueryClientProvider } from '@tanstack/react-query'
import { useState } from 'react'
import { RouterProvider } from 'react-router'
import { createQueryClient } from '@/api/client'
import { ConfirmProvider } from '@/ui/confirm'
import { Toaster } from '@/ui/toast'
import { TooltipProvider } from '@/ui/tooltip'
import { createRouter } from './router'

export function App() {
  const [client] = useState(createQueryClient)
  const [router] = useState(createRouter)
  return (
    <QueryClientProvider client={client}>
      <TooltipProvider delayDuration={400}>
        <ConfirmProvider>
          <RouterProvider router={router} />
          <Toaster />
        </ConfirmProvider>
      </TooltipProvider>
    </QueryClientProvider>
  )
}
