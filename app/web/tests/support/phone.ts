/** What a mid phone feels of the first screen, as Lighthouse measures it. */

import type { Page } from '@playwright/test';
import type { Metrics } from './score';

/** Lighthouse's mid phone: 4G with 150 ms and 1.6 Mbit/s, and a processor four times slower than the one of the tests. */
const network = {
  offline: false,
  latency: 150,
  downloadThroughput: (1.6 * 1024 * 1024) / 8,
  uploadThroughput: (750 * 1024) / 8,
};

export const phone = { viewport: { width: 412, height: 823 }, deviceScaleFactor: 1.75, hasTouch: true };

export interface Felt extends Omit<Metrics, 'si'> {
  /** Compressed bytes of what was loaded, and how many requests that were, without those of the API. */
  transferred: number;
  requests: number;
}

export async function slow(page: Page) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Network.enable');
  await devtools.send('Network.emulateNetworkConditions', network);
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: 4 });
}

/** Before the page is opened: from then on it notes what `felt` reads. */
export async function note(page: Page) {
  await page.addInitScript(() => {
    const seen = { fcp: 0, lcp: 0, cls: 0, tbt: 0 };
    Object.assign(window, { seen });
    const watch = (type: string, add: (entry: PerformanceEntry) => void) =>
      new PerformanceObserver((list) => list.getEntries().forEach(add)).observe({ type, buffered: true });
    watch('paint', (entry) => entry.name === 'first-contentful-paint' && (seen.fcp = entry.startTime));
    watch('largest-contentful-paint', (entry) => (seen.lcp = entry.startTime));
    watch('layout-shift', (entry) => (seen.cls += (entry as PerformanceEntry & { value: number }).value));
    watch('longtask', ({ duration }) => (seen.tbt += Math.max(0, duration - 50)));
  });
}

export async function felt(page: Page): Promise<Felt> {
  return page.evaluate(() => {
    const loaded = (performance.getEntriesByType('resource') as PerformanceResourceTiming[])
      .filter((entry) => new URL(entry.name).origin === location.origin)
      .map((entry) => entry.encodedBodySize);
    const [document] = performance.getEntriesByType('navigation') as PerformanceResourceTiming[];
    const all = [...loaded, document?.encodedBodySize ?? 0];
    return {
      ...(window as unknown as { seen: Omit<Metrics, 'si'> }).seen,
      transferred: all.reduce((sum, size) => sum + size, 0),
      requests: all.length,
    };
  });
}
