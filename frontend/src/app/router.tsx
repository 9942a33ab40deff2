import { createBrowserRouter, type RouteObject } from 'react-router'
import { LaunchPage } from '@/features/auth/LaunchPage'
import { LoginPage } from '@/features/auth/LoginPage'
import { OidcCallback } from '@/features/auth/OidcCallback'
import { ProjectLayout } from './ProjectLayout'
import { CrashPage, NotFoundPage } from './pages'
import { AccountRoute } from './routes/AccountRoute'
import { AccountAuditRoute, AccountsAuditRoute, AuditRoute } from './routes/AuditRoute'
import { BoardRoute } from './routes/BoardRoute'
import { DashboardRoute } from './routes/DashboardRoute'
import { FilesRoute } from './routes/FilesRoute'
import { PeopleRoute } from './routes/PeopleRoute'
import { RunsRoute } from './routes/RunsRoute'
import { SettingsRoute } from './routes/SettingsRoute'
import { TerminalRoute } from './routes/TerminalRoute'
import { SignedIn } from './SignedIn'

export const routes: RouteObject[] = [
  { path: '/launch', element: <LaunchPage />, errorElement: <CrashPage /> },
  { path: '/login', element: <LoginPage />, errorElement: <CrashPage /> },
  { path: '/auth/callback', element: <OidcCallback />, errorElement: <CrashPage /> },
  {
    element: <SignedIn />,
    errorElement: <CrashPage />,
    children: [
      { path: '/', element: <DashboardRoute /> },
      { path: '/settings', element: <AccountRoute /> },
      { path: '/sign-ins', element: <AccountAuditRoute /> },
      { path: '/people', element: <PeopleRoute /> },
      { path: '/people/log', element: <AccountsAuditRoute /> },
      {
        path: '/p/:project',
        element: <ProjectLayout />,
        errorElement: <CrashPage />,
        children: [
          { index: true, element: <BoardRoute /> },
          { path: 't/:task', element: <BoardRoute /> },
          { path: 'files/*', element: <FilesRoute /> },
          { path: 'terminal', element: <TerminalRoute /> },
          { path: 'sessions', element: <RunsRoute /> },
          { path: 'audit', element: <AuditRoute /> },
          { path: 'settings', element: <SettingsRoute /> },
        ],
      },
      { path: '*', element: <NotFoundPage /> },
    ],
  },
]

export const createRouter = () => createBrowserRouter(routes)
