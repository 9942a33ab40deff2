import './lib/trusted'
import 'swagger-ui-dist/swagger-ui.css'
import SwaggerUI from 'swagger-ui-dist/swagger-ui-es-bundle'
import { apiFetch } from '@/api/auth'

const SAFE = ['GET', 'HEAD', 'OPTIONS']

interface Asked {
  method?: string
  headers: Record<string, string>
}

/** What is tried out here changes something by the sign-in's cookie, so it needs the token of the sign-in, too. */
async function withToken(request: Asked): Promise<Asked> {
  if (SAFE.includes((request.method ?? 'GET').toUpperCase())) return request
  const me = await apiFetch('/api/auth/me').catch(() => null)
  const told = me?.ok ? ((await me.json()) as { csrf_token?: string | null }) : null
  if (told?.csrf_token) request.headers['X-CSRF-Token'] = told.csrf_token
  return request
}

interface System {
  React: {
    createElement: (tag: string, props: Record<string, unknown> | null, ...inside: unknown[]) => unknown
  }
}

/** Descriptions as paragraphs with words of code: by Swagger's own hand they would become markup out of text. */
const plainDescriptions = ({ React }: System) => ({
  components: {
    Markdown: ({ source = '' }: { source?: string }) =>
      React.createElement(
        'div',
        { className: 'markdown' },
        ...source
          .trim()
          .split(/\n\s*\n/)
          .map((paragraph, at) =>
            React.createElement(
              'p',
              { key: at },
              ...paragraph
                .split('`')
                .map((piece, odd) => (odd % 2 ? React.createElement('code', { key: odd }, piece) : piece)),
            ),
          ),
      ),
  },
})

SwaggerUI({
  url: '/api/openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  docExpansion: 'none',
  filter: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  requestInterceptor: withToken,
  plugins: [plainDescriptions],
})
