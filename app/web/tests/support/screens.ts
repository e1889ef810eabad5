/** Every screen of the application: who opens it, at which address, and what shows that it is there. */

import { expect } from '@playwright/test';
import { stack } from './api';
import { chart, dialog, heading, patient, role, screen, settled, to, type Screen } from './screen';
import { troubles } from './troubles';

export const screens: readonly Screen[] = [
  screen('sign-in', () => undefined, to('/sign-in?organization=san-telmo')),
  screen(
    'sign-in-code',
    () => undefined,
    to('/sign-in?organization=san-telmo'),
    async (page) => {
      const { username, password } = stack().accounts.physician;
      await page.locator('input').nth(1).fill(username);
      await page.locator('input').nth(2).fill(password);
      await page.keyboard.press('Enter');
      await expect(page.locator('input.code')).toBeVisible();
    },
  ),
  screen('sign-in-refused', () => undefined, to('/sign-in/return?error=access_denied')),
  screen(
    'second-factor',
    ({ newcomer }) => newcomer,
    to('/'),
    async (page) => {
      await heading(page);
      await page.locator('main .button.main').first().click();
      await expect(page.locator('.qr')).toBeVisible();
    },
  ),
  screen('activate', () => undefined, to('/activate')),
  screen(
    'verify',
    () => undefined,
    to('/verify'),
    async (page, set) => {
      await page.locator('input').fill(set.prescription.code ?? '');
      await page.locator('button[type=submit]').click();
      await expect(page.locator('.notice.good')).toBeVisible();
    },
  ),
  screen('patient-home', patient, to('/')),
  screen('patient-appointments', patient, to('/appointments')),
  screen(
    'patient-book',
    patient,
    (set) => `/book?schedule=${set.schedule.id}`,
    async (page) => {
      await heading(page);
      await page.locator('.slot').nth(9).click();
    },
  ),
  screen('patient-prescriptions', patient, to('/prescriptions')),
  screen('patient-code', patient, to('/prescriptions'), async (page) => {
    await page.locator('.rows .button.main').first().click();
    await expect(page.locator('.qr')).toBeVisible();
  }),
  screen('patient-record', patient, to('/record'), heading, true),
  screen('patient-privacy', patient, to('/privacy')),
  screen('patient-rights', patient, to('/privacy'), dialog('Nueva petición', 'New request')),
  screen('patient-for-another', patient, to('/'), async (page, set) => {
    await heading(page);
    await page.getByRole('button', { name: set.child.given_name }).click();
    await expect(page.locator('.act-for.somebody')).toBeVisible();
    await settled(page);
  }),
  screen('patient-own-again', patient, to('/appointments'), async (page) => {
    await heading(page);
    await page.locator('.act-for button').first().click();
    await expect(page.locator('.act-for.somebody')).toHaveCount(0);
  }),
  screen('menu', patient, to('/'), async (page) => {
    await heading(page);
    await page.locator('.top .account').click();
    await expect(page.getByRole('menu')).toBeVisible();
  }),
  screen('account', patient, to('/account'), heading, true),
  screen('today', role('physician'), to('/'), async (page) => {
    await heading(page);
    // Late in the evening today is over: the next day with appointments has something to show.
    for (let day = 0; day < 7 && (await page.locator('.day > li').count()) === 0; day += 1) {
      await page.locator('.page-head .button').last().click();
      await settled(page);
    }
    await expect(page.locator('.day > li a').first()).not.toHaveText('…');
  }),
  screen('search', role('physician'), to('/patients'), async (page) => {
    await page.getByRole('combobox').fill('garcai');
    await expect(page.getByRole('option').first()).toBeVisible();
  }),
  screen('register', role('receptionist'), to('/patients/new')),
  screen('chart-timeline', role('physician'), chart('')),
  screen('chart-actions', role('physician'), chart(''), async (page) => {
    await heading(page);
    await page.locator('.entries .menu-home button').first().click();
    await expect(page.getByRole('menu')).toBeVisible();
  }),
  screen('chart-notes', role('physician'), chart('/notes')),
  screen('chart-vitals', role('physician'), chart('/vitals')),
  screen('chart-medication', role('physician'), chart('/medication')),
  screen('chart-prescribe', role('physician'), chart('/medication'), async (page) => {
    await heading(page);
    await page.locator('.page .button.main').first().click();
    await page.locator('.dialog input').first().fill('Ibuprofeno 600 mg comprimidos');
    await page.locator('.dialog button[type=submit]').click();
    await expect(page.locator('.warning-card').first()).toBeVisible();
  }),
  screen('chart-visits', role('receptionist'), chart('/visits')),
  screen('chart-document', role('physician'), chart(''), dialog('Añadir: Documento', 'Add: Document')),
  screen('chart-allergy', role('physician'), chart(''), dialog('Añadir: Alergia', 'Add: Allergy')),
  screen('chart-condition', role('physician'), chart(''), dialog('Añadir: Problema', 'Add: Condition')),
  screen('chart-book', role('receptionist'), chart('/visits'), async (page) => {
    await heading(page);
    await page.locator('.page .button.main').first().click();
    await expect(page.locator('.page .panel')).toBeVisible();
    await settled(page);
  }),
  screen('chart-details', role('receptionist'), chart('/details')),
  screen('chart-history', role('receptionist'), chart('/details'), dialog('Cambios anteriores', 'Earlier changes')),
  screen('chart-team', role('physician'), chart('/details'), dialog('Añadir al equipo', 'Add to the team')),
  screen('chart-consents', role('receptionist'), chart('/privacy')),
  screen('chart-guardian', role('receptionist'), chart('/privacy'), dialog('Añadir tutor', 'Add a guardian')),
  screen('chart-rights', role('receptionist'), chart('/rights')),
  screen('restricted', role('physician'), ({ restricted }) => `/patients/${restricted.id}`, heading),
  screen('merge', role('receptionist'), chart('/merge'), async (page, set) => {
    await heading(page);
    await page.getByRole('combobox').fill(`${set.twin.given_name} ${set.twin.family_name}`);
    await page
      .getByRole('option')
      .filter({ hasText: `${set.twin.family_name},` })
      .first()
      .click();
    await expect(page.locator('.compare')).toBeVisible();
  }),
  screen(
    'break-glass',
    role('physician'),
    (set) => `/patients/${set.stranger.id}`,
    async (page) => {
      await expect(page.locator('.glass')).toBeVisible();
    },
  ),
  screen('agenda-week', role('physician'), to('/agenda?view=week'), async (page) => {
    await heading(page);
    if ((await page.locator('.visit').count()) === 0) await page.locator('.page-head .button.quiet').last().click();
    await expect(page.locator('.visit').first()).not.toHaveText('…');
  }),
  screen('agenda-day', role('physician'), to('/agenda?view=day')),
  screen(
    'agenda-hold',
    role('receptionist'),
    (set) => `/agenda?view=week&schedule=${set.schedule.id}`,
    async (page) => {
      await heading(page);
      if ((await page.locator('button.free').count()) === 0)
        await page.locator('.page-head .button.quiet').last().click();
      await page.locator('button.free').first().click();
      await expect(page.getByRole('dialog')).toBeVisible();
    },
  ),
  screen(
    'agenda-move',
    role('receptionist'),
    (set) => `/agenda?view=week&schedule=${set.schedule.id}`,
    async (page) => {
      await heading(page);
      if ((await page.locator('.visit').count()) === 0) await page.locator('.page-head .button.quiet').last().click();
      await page.locator('.visit').first().click();
      await expect(page.getByRole('dialog')).toBeVisible();
      await settled(page);
    },
  ),
  screen('waiting', role('receptionist'), (set) => `/waiting?schedule=${set.schedule.id}`),
  screen('dispense', role('pharmacist'), to('/'), async (page, set) => {
    await page.locator('input.code').fill(set.prescription.code ?? '');
    await page.locator('button[type=submit]').first().click();
    await expect(page.locator('.panel')).toBeVisible();
    await settled(page);
  }),
  screen('log', role('auditor'), to('/'), async (page) => {
    await heading(page);
    await page.locator('.verify summary').click();
    await page.locator('.verify .button.main').click();
    await expect(page.locator('.verify .notice')).toBeVisible();
  }),
  screen('emergencies', role('auditor'), to('/emergencies')),
  screen('requests', role('auditor'), to('/requests')),
  screen('request-answer', role('auditor'), to('/requests'), dialog(/^Responder/, /^Answer/)),
  screen('person-rights', role('auditor'), ({ restricted }) => `/patients/${restricted.id}/rights`),
  screen('person-details', role('auditor'), chart('/details')),
  screen('person-accesses', role('auditor'), chart('/accesses')),
  screen('erasure', role('auditor'), chart('/rights'), async (page) => {
    await dialog('Ver qué se borraría', 'See what would be erased')(page);
    await expect(page.locator('.fates')).toBeVisible();
  }),
  screen('erasures', role('auditor'), to('/erasures'), async (page) => {
    await heading(page);
    await page.locator('summary').first().click();
    await expect(page.locator('.fates').first()).toBeVisible();
  }),
  screen('research', role('auditor'), to('/research')),
  screen('research-new', role('auditor'), to('/research'), dialog('Nueva exportación', 'New export')),
  screen('processing', role('auditor'), to('/processing'), async (page) => {
    await heading(page);
    await page.locator('summary').first().click();
  }),
  screen('processing-change', role('administrator'), to('/processing'), dialog('Cambiar', 'Change')),
  screen('services', role('administrator'), to('/services')),
  screen('services-new', role('administrator'), to('/services'), dialog('Nueva clave', 'New token')),
  screen('people', role('administrator'), to('/people')),
  screen('person-new', role('administrator'), to('/people'), dialog('Nueva persona', 'New person')),
  screen('person-change', role('administrator'), to('/people'), dialog(/^Cambiar/, /^Change/)),
  screen('clinic-new', role('administrator'), to('/clinics'), dialog('Nuevo centro', 'New clinic')),
  screen('clinics', role('administrator'), to('/clinics')),
  screen('schedules', role('receptionist'), to('/schedules')),
  screen('schedule-new', role('receptionist'), to('/schedules'), dialog('Nueva consulta', 'New schedule')),
  screen('schedule-slots', role('receptionist'), to('/schedules'), dialog(/^Abrir huecos/, /^Open slots/)),
  screen('roles', role('administrator'), to('/roles')),
  ...troubles,
];
