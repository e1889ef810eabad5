import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** While developing, the page's configuration comes from here; otherwise from the file server (`app/web/server`). */
function browserConfig(): Plugin {
  const apiOrigin = process.env['GALENO_API'] ?? 'http://localhost:8080';
  return {
    name: 'browser-config',
    configureServer(server) {
      server.middlewares.use('/config.json', (_request, response) => {
        response.setHeader('Content-Type', 'application/json');
        response.end(JSON.stringify({ apiOrigin, languages: ['es', 'en'], environment: 'local' }));
      });
    },
  };
}

export default defineConfig({
  plugins: [react(), browserConfig()],
  server: { host: 'localhost', port: 5173, strictPort: true },
  build: {
    target: 'es2022',
    // Nothing is written into the page or its styles: the policy forbids it, and files can be kept for ever.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    cssCodeSplit: false,
    rolldownOptions: {
      output: {
        // A first visit is a few requests, not a dozen small ones; and a new version leaves the libraries as they were.
        codeSplitting: {
          groups: [
            { name: 'libraries', test: /node_modules/, tags: ['$initial'], priority: 2 },
            { name: 'first', tags: ['$initial'], priority: 1 },
          ],
        },
      },
    },
  },
  test: { include: ['src/**/*.test.ts', 'tests/support/*.test.ts'] },
} as Parameters<typeof defineConfig>[0]);
