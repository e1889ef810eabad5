/** What a screen is, and how to tell that it is there. */

import type { Page } from '@playwright/test';
import { expect } from '@playwright/test';
import type { Role } from './api';
import type { Scene } from './scene';

export interface Screen {
  name: string;
  who: (scene: Scene) => Role | { token: string } | undefined;
  path: (scene: Scene) => string;
  ready: (page: Page, scene: Scene) => Promise<unknown>;
  whole?: boolean;
}

export const settled = async (page: Page) => {
  await expect(page.locator('.lines')).toHaveCount(0);
  // Names that are still on their way.
  await expect(page.locator('a, strong, .visit').filter({ hasText: /^…$/ })).toHaveCount(0);
  await page.evaluate(() => document.fonts.ready);
};
export const heading = async (page: Page) => {
  await expect(page.locator('h1').first()).toBeVisible();
  await settled(page);
};
/** The dialog that a button of the page opens; the screens are taken in both languages. */
export const dialog = (spanish: string | RegExp, english: string | RegExp) => async (page: Page) => {
  await heading(page);
  const name = (await page.locator('html').getAttribute('lang')) === 'en' ? english : spanish;
  const exact = typeof name === 'string';
  await page.getByRole('button', { name, exact }).first().click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await settled(page);
};
export const screen = (
  name: string,
  who: Screen['who'],
  path: Screen['path'],
  ready: Screen['ready'] = heading,
  whole = false,
): Screen => ({ name, who, path, ready, whole });
export const patient: Screen['who'] = ({ account }) => ({ token: account.token });
export const role = (one: Role) => () => one;
export const to = (path: string) => () => path;
export const chart = (tab: string) => (set: Scene) => `/patients/${set.patient.id}${tab}`;
