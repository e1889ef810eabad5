/** What is seen when something is not as it should be. */

import { expect } from '@playwright/test';
import type { Schemas } from '../../src/api/client';
import { as, storage } from './api';
import { chart, heading, patient, role, screen, to, type Screen } from './screen';

export const troubles: readonly Screen[] = [
  screen('lost', patient, to('/nowhere')),
  screen('forbidden', patient, to('/people')),
  screen('session-ended', patient, to('/'), async (page, { account }) => {
    await heading(page);
    await page.context().clearCookies();
    await page.locator('.places a').nth(3).click();
    await expect(page.getByRole('dialog')).toBeVisible();
    await page.context().addCookies(storage(account.token).cookies);
  }),
  screen('unavailable', patient, to('/'), async (page) => {
    await heading(page);
    const headers = {
      'Access-Control-Allow-Origin': new URL(page.url()).origin,
      'Access-Control-Allow-Credentials': 'true',
      'Access-Control-Expose-Headers': 'Retry-After',
      'Retry-After': '30',
    };
    const json = { type: 'urn:galeno:problem:restoring', title: 'Se están restaurando los datos', status: 503 };
    await page.route('**/api/v1/**', (route) => route.fulfill({ status: 503, headers, json }));
    await page.locator('.places a').nth(3).click();
    await expect(page.locator('.platform.trouble')).toBeVisible();
    await page.unrouteAll();
  }),
  screen('conflict', role('receptionist'), chart('/details'), async (page, set) => {
    await heading(page);
    const desk = as('receptionist');
    const now = await desk.get<Schemas['Patient']>(`/patients/${set.patient.id}`);
    await page.locator('.page form input[autocomplete=off]').nth(5).fill('Calle Mía 1');
    const { given_name, family_name, birth_date, sex, phone } = now;
    const theirs = {
      given_name,
      family_name,
      birth_date,
      sex,
      phone,
      language: 'es',
      address: `Calle Suya ${now.version}`,
    };
    await desk.put(`/patients/${set.patient.id}`, { patient: theirs }, now.version);
    await page.locator('.page form button[type=submit]').first().click();
    await expect(page.getByRole('dialog')).toBeVisible();
  }),
  screen('maintenance', () => undefined, to('/.well-known/maintenance')),
];
