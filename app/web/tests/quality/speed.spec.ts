/**
 * What makes the application fast, as far as it does not depend on how busy the machine is: bytes, requests, shifts. Times
 * have a command of their own (`npm run score`).
 */

import { readFileSync } from 'node:fs';
import { felt, note, phone } from '../support/phone';
import { expect, test } from '../support/test';

test('the first screen of a phone: few bytes, few requests, nothing that moves', async ({ open }) => {
  const page = await open(undefined, '/robots.txt', phone);
  await note(page);
  await page.goto('/sign-in');
  await expect(page.getByLabel('Usuario')).toBeVisible();
  await page.waitForLoadState('networkidle');
  const { transferred, requests, cls } = await felt(page);
  expect(transferred).toBeGreaterThan(10_000);
  expect(transferred).toBeLessThan(200_000);
  expect(requests).toBeLessThanOrEqual(8);
  expect(cls).toBeLessThan(0.05);
});

test('a search is one question for all that is typed at once, and its rows come without another one', async ({
  open,
}) => {
  const page = await open('physician', '/robots.txt');
  await page.clock.install();
  await page.goto('/patients');
  const field = page.getByRole('combobox');
  await expect(field).toBeFocused();
  await page.waitForLoadState('networkidle');
  await page.clock.pauseAt(Date.now() + 60_000);
  const asked: string[] = [];
  page.on('request', (request) => {
    if (request.method() !== 'OPTIONS' && request.url().includes('/api/v1/'))
      asked.push(new URL(request.url()).pathname);
  });
  for (const letter of 'garc') {
    await page.keyboard.type(letter);
    await page.clock.runFor(100);
  }
  expect(asked).toEqual([]);
  await page.clock.runFor(100);
  await page.clock.resume();
  await expect(page.getByRole('option').first()).toBeVisible();
  await page.waitForLoadState('networkidle');
  expect(asked).toEqual(['/api/v1/patients/search']);
});

test('the page holds no script, no style and no address of anybody else', () => {
  const page = readFileSync('dist/index.html', 'utf8');
  expect(page).not.toMatch(/<style|style=|<script(?![^>]*\bsrc=)|https?:\/\//);
});
