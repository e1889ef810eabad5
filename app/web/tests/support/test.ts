/** Playwright's test, with what every test of this application demands besides. */

import { test as base, expect, type BrowserContext, type Page } from '@playwright/test';
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
      const page = await context.newPage();
      watch(page, [options.baseURL ?? web, api], wrong);
      await page.goto(path);
      return page;
    });
    await Promise.all(contexts.map((context) => context.close()));
    expect(wrong.filter((each) => !allowed.some((known) => known.test(each)))).toEqual([]);
  },
});

/** Nothing breaks the policy, nobody else is asked for anything, no script fails. */
export function watch(page: Page, own: readonly string[], wrong: string[]) {
  page.on('console', (message) => {
    if (message.type() !== 'error') return;
    // The API's refusals are part of the journeys; the browser reports each of them.
    if (
      /Failed to load resource: the server responded with a status of (401|403|404|409|412|422|429|503)/.test(
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
