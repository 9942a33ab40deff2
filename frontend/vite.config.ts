import { fileURLToPath } from 'node:url'
import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const server = process.env.OPM_DEV_SERVER ?? 'http://127.0.0.1:8400'

export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: {
    alias: {
      '@': here('./src'),
      // Its form for browsers lets the browser decode `&amp;` as markup, which the content policy refuses.
      'decode-named-character-reference': here('./node_modules/decode-named-character-reference/index.js'),
    },
  },
  build: {
    outDir: process.env.OPM_WEB_OUT ?? '../backend/opm/_web',
    emptyOutDir: true,
    target: 'es2022',
    // The policy of the server forbids inline scripts, and data: fonts beside the listed ones.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 4000,
    rolldownOptions: {
      // The board, and the interactive documentation of the API (served at /api/docs).
      input: [here('./index.html'), here('./docs.html')],
      output: {
        codeSplitting: {
          groups: [{ name: 'react', test: /node_modules[\\/](react|react-dom|react-router|scheduler)[\\/]/ }],
        },
      },
    },
  },
  server: {
    host: '127.0.0.1',
    // The server checks the origin of what changes something, so requests must look like its own pages.
    proxy: { '/api': { target: server, ws: true, changeOrigin: true, headers: { origin: server } } },
  },
  test: {
    projects: [
      {
        extends: true,
        test: { name: 'plain', include: ['src/**/*.test.ts'], exclude: ['src/**/*.dom.test.ts'] },
      },
      {
        extends: true,
        test: {
          name: 'dom',
          include: ['src/**/*.dom.test.ts', 'src/**/*.test.tsx'],
          environment: 'jsdom',
          environmentOptions: { jsdom: { url: 'http://opm.test' } },
          setupFiles: ['src/testing/setup.ts'],
        },
      },
    ],
    // modules are loaded once per processor, not once per file: half of the time went into that
    isolate: false,
    restoreMocks: true,
    testTimeout: 15_000,
    // all of them: by itself one processor is left free, which is half of a small machine
    maxWorkers: '100%',
  },
})
