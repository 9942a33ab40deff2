import '@/lib/trusted'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { configureClient } from '@/api/client'
import { App } from '@/app/App'
import './styles.css'

configureClient()

const root = document.getElementById('root')
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  )
}
