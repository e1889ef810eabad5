/** One made-up situation in which every screen has something to show, and the list of screens. */

import type { Page } from '@playwright/test';
import { expect } from '@playwright/test';
import type { Schemas } from '../../src/api/client';
import {
  as,
  book,
  entry,
  freeSlots,
  newPatient,
  prescribe,
  scheduleOf,
  stack,
  treat,
  withAccount,
  type Patient,
  type Role,
} from './api';

export interface Scene {
  patient: Patient;
  account: { username: string; password: string; token: string };
  stranger: Patient;
  prescription: Schemas['Prescription'];
  schedule: Schemas['Schedule'];
}

let made: Promise<Scene> | undefined;

export function scene(): Promise<Scene> {
  made ??= make();
  return made;
}

const vitals: [string, string, string, number[]][] = [
  ['8480-6', 'Tensión sistólica', 'mm[Hg]', [148, 152, 141, 138, 144, 133]],
  ['8462-4', 'Tensión diastólica', 'mm[Hg]', [94, 92, 88, 86, 90, 82]],
  ['8867-4', 'Frecuencia cardiaca', '/min', [78, 84, 72, 75, 70, 74]],
  ['29463-7', 'Peso', 'kg', [81.2, 80.6, 79.4, 78.8, 78.1, 77.9]],
];

async function make(): Promise<Scene> {
  const schedule = await scheduleOf('physician');
  const patient = await newPatient('Carmen', 'Ficticia Salvador');
  const stranger = await newPatient('Rodrigo', 'Inventado Ruiz');
  await treat(patient.id);
  const now = Date.now();
  const month = 30 * 24 * 3600 * 1000;
  const at = (index: number) => new Date(now - (6 - index) * month).toISOString();
  await entry(patient.id, {
    kind: 'allergy',
    category: 'medication',
    atc: 'J01C',
    substance: 'Penicilina',
    reaction: 'Anafilaxia en 2009',
    criticality: 'high',
  });
  await entry(patient.id, {
    kind: 'allergy',
    category: 'food',
    substance: 'Frutos secos',
    reaction: 'Urticaria',
    criticality: 'low',
  });
  await entry(patient.id, {
    kind: 'condition',
    icd10: 'I10',
    description: 'Hipertensión esencial',
    status: 'active',
    onset: at(0),
  });
  await entry(patient.id, {
    kind: 'condition',
    icd10: 'I48.0',
    description: 'Fibrilación auricular paroxística',
    status: 'active',
    onset: at(2),
  });
  for (const [loinc, description, unit, values] of vitals) {
    for (const [index, value] of values.entries()) {
      await entry(patient.id, {
        kind: 'observation',
        loinc,
        description,
        value: { type: 'quantity', value, unit },
        observed_at: at(index),
      });
    }
  }
  const note = await entry(patient.id, {
    kind: 'note',
    title: 'Revisión',
    text: 'Acude a revisión de tensión. Refiere palpitaciones ocasionales de minutos, sin dolor ni síncope.\nAuscultación rítmica. Se ajusta el tratamiento y se solicita Holter.',
  });
  await as('physician').post(`/patients/${patient.id}/entries/${note.id}/sign`, undefined, {
    'If-Match': `"${note.version}"`,
  });
  await entry(patient.id, {
    kind: 'note',
    title: 'Llamada',
    text: 'Informa por teléfono de buena tolerancia. Próximo control en un mes.',
  });
  const prescription = await prescribe(patient.id, 'Warfarina 5 mg comprimidos', 'B01AA03', 40);
  await prescribe(patient.id, 'Enalapril 10 mg comprimidos', 'C09AA02');
  await book(patient.id, schedule.id, 'Revisión de tensión', 6);
  const reasons = [
    'Control de anticoagulación',
    'Resultados de la analítica',
    'Primera visita',
    'Dolor de rodilla',
    'Renovar medicación',
  ];
  for (const [index, [given, family]] of [
    ['Begoña', 'Imaginaria Ortiz'],
    ['Íñigo', 'Supuesto Vidal'],
    ['Aitana', 'Hipotética León'],
    ['Óscar', 'Probable Gil'],
    ['Nerea', 'Ejemplo Cano'],
  ].entries()) {
    const other = await newPatient(given, family);
    await book(other.id, schedule.id, reasons[index] ?? '', index * 2);
    if (index < 3)
      await as('receptionist').post(`/patients/${other.id}/waiting`, { schedule: schedule.id, priority: index + 1 });
  }
  await as('nurse').post(`/patients/${stranger.id}/emergency`, {
    reason: 'Llega inconsciente a urgencias sin acompañante; hay que conocer su medicación.',
  });
  const account = await withAccount(patient);
  return { patient, account, stranger, prescription, schedule };
}

export interface Screen {
  name: string;
  who: (scene: Scene) => Role | { token: string } | undefined;
  path: (scene: Scene) => string;
  ready: (page: Page, scene: Scene) => Promise<unknown>;
  whole?: boolean;
}

const settled = async (page: Page) => {
  await expect(page.locator('.lines')).toHaveCount(0);
  await page.evaluate(() => document.fonts.ready);
};
const heading = async (page: Page) => {
  await expect(page.locator('h1').first()).toBeVisible();
  await settled(page);
};
const screen = (
  name: string,
  who: Screen['who'],
  path: Screen['path'],
  ready: Screen['ready'] = heading,
  whole = false,
): Screen => ({ name, who, path, ready, whole });
const patient: Screen['who'] = ({ account }) => ({ token: account.token });
const role = (one: Role) => () => one;
const to = (path: string) => () => path;
const chart = (tab: string) => (set: Scene) => `/patients/${set.patient.id}${tab}`;

export const screens: readonly Screen[] = [
  screen('sign-in', () => undefined, to('/sign-in?organization=san-telmo')),
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
  screen('chart-details', role('receptionist'), chart('/details')),
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
  screen('agenda-day', role('physician'), async_day, heading),
  screen('waiting', role('receptionist'), (set) => `/waiting?schedule=${set.schedule.id}`),
  screen('dispense', role('pharmacist'), to('/'), async (page, set) => {
    await page.locator('input.code').fill(set.prescription.code ?? '');
    await page.locator('button[type=submit]').first().click();
    await expect(page.locator('.panel')).toBeVisible();
    await settled(page);
  }),
  screen('log', role('auditor'), to('/'), async (page) => {
    await heading(page);
    await page.locator('.verify .button').click();
    await expect(page.locator('.verify .notice')).toBeVisible();
  }),
  screen('emergencies', role('auditor'), to('/emergencies')),
  screen('people', role('administrator'), to('/people')),
  screen('clinics', role('administrator'), to('/clinics')),
  screen('schedules', role('receptionist'), to('/schedules')),
  screen('roles', role('administrator'), to('/roles')),
];

function async_day(): string {
  return '/agenda?view=day';
}

/** The first day with free slots: what tests of an agenda look at, whatever day it is. */
export async function firstDay(schedule: string): Promise<string> {
  const slot = (await freeSlots(schedule))[0];
  if (!slot) throw new Error('no free slot');
  return new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/Madrid' }).format(new Date(slot.starts_at));
}

export { stack };
