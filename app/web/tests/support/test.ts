/** Playwright's test, with what every test of this application demands besides. */

import { test as base, expect, type BrowserContext, type Page, type Request, type Route } from '@playwright/test';
import { formats } from '../../src/i18n/format';
import { stack, storage, type Role } from './api';

interface Fixtures {
  /** A page of somebody who is signed in: a seeded role, or the holder of a token. */
  open: (
    who: Role | { token: string } | undefined,
    path?: string,
    options?: Parameters<import('@playwright/test').Browser['newContext']>[0],
  ) => Promise<Page>;
  /** Messages of the browser that a test expects: failed requests while the API is away. */
  allowed: RegExp[];
}

export const test = base.extend<Fixtures>({
  allowed: async ({}, use) => {
    await use([]);
  },
  open: async ({ browser, contextOptions, allowed }, use) => {
    const { web, api, accounts } = stack();
    const contexts: BrowserContext[] = [];
    const wrong: string[] = [];
    await use(async (who, path = '/', options = {}) => {
      const token = who === undefined ? undefined : typeof who === 'string' ? accounts[who].token : who.token;
      const context = await browser.newContext({
        ...contextOptions,
        locale: 'es-ES',
        timezoneId: 'America/Bogota',
        viewport: { width: 1280, height: 860 },
        baseURL: web,
        ...(token === undefined ? {} : { storageState: storage(token) }),
        ...options,
      });
      contexts.push(context);
      count(context);
      if (late > 0) await context.route('**/api/v1/**', slow);
      const page = await context.newPage();
      watch(page, [options.baseURL ?? web, api], wrong);
      await page.goto(path);
      return page;
    });
    await Promise.all(contexts.map((context) => context.close()));
    expect(wrong.filter((each) => !allowed.some((known) => known.test(each)))).toEqual([]);
  },
});

/** Each answer of the API comes up to so many milliseconds late: what a test does not wait for, it misses then. */
const late = Number(process.env['GALENO_LATE_MS'] ?? 0);

async function slow(route: Route) {
  await new Promise((resolve) => setTimeout(resolve, Math.random() * late));
  // A page that is gone by now waits for nothing.
  await route.continue().catch(() => undefined);
}

const waiting = new WeakMap<BrowserContext, Set<Request>>();

function count(context: BrowserContext) {
  const asked = new Set<Request>();
  waiting.set(context, asked);
  context.on('request', (request) => asked.add(request));
  context.on('requestfinished', (request) => asked.delete(request));
  context.on('requestfailed', (request) => asked.delete(request));
}

/** Nothing that the page and its other tabs have asked is still on its way. What has been shown says that they have asked. */
export const answered = (page: Page) => expect.poll(() => waiting.get(page.context())?.size).toBe(0);

/** Nothing breaks the policy, nobody else is asked for anything, no script fails. */
export function watch(page: Page, own: readonly string[], wrong: string[]) {
  page.on('console', (message) => {
    if (message.type() !== 'error') return;
    // The API's refusals are part of the journeys; the browser reports each of them.
    if (
      /Failed to load resource: the server responded with a status of (401|403|404|409|412|422|429|503|504)/.test(
        message.text(),
      )
    )
      return;
    wrong.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => wrong.push(`script: ${error.message}`));
  page.on('request', (request) => {
    const url = request.url();
    const local =
      own.some((origin) => url.startsWith(origin)) ||
      /^(data|blob):/.test(url) ||
      /^http:\/\/(localhost|127\.0\.0\.1):/.test(url);
    if (!local) wrong.push(`request to somebody else: ${url}`);
  });
}

export { expect };

/** The field that a label names. */
export const field = (page: Page, label: string | RegExp) =>
  page.getByLabel(label, { exact: typeof label === 'string' });

export const shown = formats('es', 'Europe/Madrid');

/** The choice of a slot by the day and the time that the page shows: its place in the list changes while others book. */
export const slotField = (page: Page, { starts_at }: { starts_at: string }) =>
  page.getByRole('group', { name: shown.longDay(starts_at) }).getByRole('radio', { name: shown.time(starts_at) });

/** What the page says in passing from now on, until it is loaded anew: who looks a moment too late would miss it. */
export async function heard(page: Page): Promise<() => Promise<string>> {
  await page.evaluate(() => {
    const said = new Set<string>();
    const hear = () => document.querySelectorAll('.toast').forEach((toast) => said.add(toast.textContent));
    new MutationObserver(hear).observe(document.body, { childList: true, subtree: true, characterData: true });
    Object.assign(window, { said });
  });
  return () => page.evaluate(() => [...(window as unknown as { said: Set<string> }).said].join('\n'));
}
