import './lib/trusted'
import 'swagger-ui-dist/swagger-ui.css'
import SwaggerUI from 'swagger-ui-dist/swagger-ui-es-bundle'

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
  plugins: [plainDescriptions],
})
