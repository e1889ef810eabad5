import type { QueryClient } from '@tanstack/react-query';

/**
 * What is known to be old, and not on the page now, is forgotten. The page that shows it next would have it on the screen
 * as it was before the change, with buttons that are about what is no longer so, until it has been read again.
 */
export function forgetOld(client: QueryClient): () => void {
  const cache = client.getQueryCache();
  return cache.subscribe((event) => {
    if (event.type !== 'updated' || event.action.type !== 'invalidate') return;
    if (event.query.getObserversCount() === 0) cache.remove(event.query);
  });
}
