import { CSPProvider } from '@base-ui/react/csp-provider';
import { MutationCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { startTransition, StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { forgetOld } from './api/cache';
import { connect, type Config } from './api/client';
import { asProblem } from './api/problem';
import { start } from './i18n';
import { applyTheme } from './app/theme';
import { router } from './app/router';
import './styles/tokens.css';
import './styles/base.css';
import './styles/layout.css';
import './styles/parts.css';
import './styles/over.css';
import './styles/patient.css';
import './styles/chart.css';
import './styles/work.css';
import './styles/office.css';
import './styles/narrow.css';

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // The browser's own opinion of the network is worth little inside a hospital's.
      networkMode: 'always',
      staleTime: 15_000,
      retry: (count, error) => asProblem(error).passing && count < 200,
      retryDelay: (count, error) => 1000 * Math.min(asProblem(error).retryAfter ?? 2 ** count, 10),
    },
    mutations: { networkMode: 'always', retry: false },
  },
  mutationCache: new MutationCache(),
});

forgetOld(client);

async function begin() {
  applyTheme();
  const response = await fetch('/config.json');
  if (!response.ok) throw new Error(`/config.json: ${response.status}`);
  const config = (await response.json()) as Config;
  connect(config);
  await start(config.languages);
  const root = document.getElementById('root');
  if (!root) throw new Error('#root');
  // In small steps: a slow phone answers a touch between them.
  const page = (
    <StrictMode>
      {/* The policy forbids styles that scripts write into the page; nothing here needs them. */}
      <CSPProvider disableStyleElements>
        <QueryClientProvider client={client}>
          <RouterProvider router={router} context={{ environment: config.environment }} />
        </QueryClientProvider>
      </CSPProvider>
    </StrictMode>
  );
  startTransition(() => createRoot(root).render(page));
}

begin().catch(() => {
  const text = document.createElement('p');
  text.textContent =
    'No se puede abrir la aplicación; vuelva a cargarla. / The application cannot be opened; please reload it.';
  document.getElementById('root')?.replaceChildren(text);
});
