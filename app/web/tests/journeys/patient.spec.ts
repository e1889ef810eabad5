import type { Schemas } from '../../src/api/client';
import { readFileSync } from 'node:fs';
import {
  as,
  book,
  call,
  entry,
  newPatient,
  prescribe,
  scheduleAt,
  scheduleOf,
  stack,
  treat,
  withAccount,
} from '../support/api';
import { scanned } from '../support/scan';
import { expect, heard, test } from '../support/test';
import { drafts } from '../support/vault';

test('books from the free slots, moves it, cancels it', async ({ open }) => {
  const patient = await newPatient('Elena');
  const { token } = await withAccount(patient);
  const page = await open({ token });
  await expect(page.getByText('No tiene citas pendientes')).toBeVisible();
  await page.getByRole('link', { name: 'Pedir cita' }).click();
  await page.getByLabel('Consulta').selectOption((await scheduleAt('ST2', 'Cardiología')).id);
  const slots = page.getByRole('radio');
  await slots.nth(3).check();
  const chosen = await page.locator('.chosen').innerText();
  await page.getByLabel(/Motivo de la cita/).fill('Dolor de espalda');
  await page.getByRole('button', { name: 'Pedir esta cita' }).click();
  await expect(page).toHaveURL(/appointments/);
  await expect(page.getByText('Dolor de espalda')).toBeVisible();
  const [first] = (await as('receptionist').get<Schemas['Page_Appointment']>(`/patients/${patient.id}/appointments`))
    .items;
  expect(first?.reason).toBe('Dolor de espalda');
  // The clinic's clock, not the browser's (which is in Bogotá).
  const time = new Intl.DateTimeFormat('es', { timeZone: 'Europe/Madrid', hour: '2-digit', minute: '2-digit' }).format(
    new Date(first?.starts_at ?? 0),
  );
  expect(chosen).toContain(time);

  await page.getByRole('link', { name: 'Cambiar' }).click();
  await expect(page.getByText(`Ahora:`)).toBeVisible();
  await page.getByRole('radio').nth(6).check();
  let answer = () => {};
  const slow = new Promise<void>((resolve) => (answer = resolve));
  await page.route(/\/appointments\?/, async (route) => {
    await slow;
    await route.continue();
  });
  await page.getByRole('button', { name: 'Cambiar a esta hora' }).click();
  await expect(page).toHaveURL(/appointments/);
  const [moved] = (await as('receptionist').get<Schemas['Page_Appointment']>(`/patients/${patient.id}/appointments`))
    .items;
  expect(moved?.slot).not.toBe(first?.slot);
  // The list is read again, slowly: as it was it is not shown meanwhile, for nobody to cancel what is no longer there.
  await expect(page.getByRole('heading', { level: 1, name: 'Citas' })).toBeVisible();
  await expect(page.locator('.appointment')).toHaveCount(0);
  answer();

  const row = page.locator('.appointment').filter({ has: page.locator(`time[datetime="${moved?.starts_at}"]`) });
  await row.getByRole('button', { name: 'Anular' }).click();
  await page
    .getByRole('dialog')
    .getByLabel(/Motivo/)
    .fill('Ya no hace falta');
  await page.getByRole('dialog').getByRole('button', { name: 'Anular la cita' }).click();
  await expect(page.getByText('No tiene citas pendientes')).toBeVisible();
  await expect(page.getByText('anulada', { exact: true })).toBeVisible();
});

test('moves an appointment after a reload, and never books a second one for it', async ({ open }) => {
  const patient = await newPatient('Recarga');
  const { token } = await withAccount(patient);
  const schedule = await scheduleAt('ST2', 'Cardiología');
  const appointment = await book(patient.id, schedule.id, 'Control', 30);
  const page = await open({ token });
  let answer = () => {};
  const slow = new Promise<void>((resolve) => (answer = resolve));
  await page.route(`**/appointments/${appointment.id}`, async (route) => {
    await slow;
    await route.continue();
  });
  const asked = page.waitForRequest(`**/appointments/${appointment.id}`);
  await page.goto(`/book?move=${appointment.id}&schedule=${schedule.id}`);
  await asked;
  const confirm = page.locator('.confirm');
  await expect(page.getByRole('heading', { name: 'Cambiar la cita' })).toBeVisible();
  await expect(confirm).toHaveCount(0);
  answer();
  await page.getByRole('radio').last().check();
  await confirm.getByRole('button', { name: 'Cambiar a esta hora' }).click();
  await expect(page).toHaveURL(/appointments/);
  const { items } = await as('receptionist').get<Schemas['Page_Appointment']>(`/patients/${patient.id}/appointments`);
  expect(items.map(({ id }) => id)).toEqual([appointment.id]);

  await page.goto(`/book?move=${schedule.id}&schedule=${schedule.id}`);
  await expect(page.getByText('No se puede leer la cita que quiere cambiar')).toBeVisible();
  await expect(confirm).toHaveCount(0);
});

test('names the clinic of each appointment of somebody who works in two', async ({ open }) => {
  const administrator = as('administrator');
  const mark = Date.now() % 1_000_000;
  const { id: staff } = await administrator.post<{ id: string }>('/staff', {
    role: 'physician',
    given_name: 'Dos',
    family_name: `Centros ${mark}`,
    license_number: `${mark}`,
  });
  const day = new Date(Date.now() + 7 * 24 * 3600 * 1000).toISOString().slice(0, 10);
  const schedules: Schemas['Schedule'][] = [];
  for (const which of ['Norte', 'Sur']) {
    const clinic = await administrator.post<Schemas['Clinic']>('/clinics', {
      code: `${which}-${mark}`,
      name: `Centro ${which} ${mark}`,
      address: `Calle ${which} 1`,
    });
    const schedule = await as('receptionist').post<Schemas['Schedule']>('/schedules', {
      clinic: clinic.id,
      staff,
      name: `Consulta ${which}`,
    });
    const hour = which === 'Norte' ? 9 : 16;
    await as('receptionist').post(`/schedules/${schedule.id}/slots`, {
      from: day,
      to: day,
      weekdays: [1, 2, 3, 4, 5, 6, 7],
      start: `${hour < 10 ? '0' : ''}${hour}:00`,
      end: `${hour + 2}:00`,
      minutes: 30,
    });
    schedules.push(schedule);
  }
  const patient = await newPatient('Viaja');
  for (const schedule of schedules) await book(patient.id, schedule.id, schedule.name);
  const { token } = await withAccount(patient);
  const page = await open({ token }, '/appointments');
  for (const [index, which] of (['Norte', 'Sur'] as const).entries()) {
    const row = page.locator('.appointment').nth(index);
    await expect(row).toContainText(`Centro ${which} ${mark} · Calle ${which} 1`);
    await expect(row.getByRole('link', { name: 'Cambiar' })).toHaveAttribute(
      'href',
      new RegExp(schedules[index]?.id ?? 'no schedule'),
    );
  }
  // The desk chooses a person's day once, whatever the clinics.
  const desk = await open('receptionist');
  await expect(desk.getByLabel('Consulta').locator(`option[value="${staff}"]`)).toHaveText([
    `Consulta Norte, Consulta Sur · Dos Centros ${mark} · Centro Norte ${mark}, Centro Sur ${mark}`,
  ]);
});

test('keeps the reason of one person’s booking from another’s', async ({ open }) => {
  const [mother, child] = [await newPatient('Madre'), await newPatient('Hija')];
  await as('receptionist').post(`/patients/${child.id}/guardians`, { guardian: mother.id, relationship: 'Madre' });
  const { token } = await withAccount(mother);
  const schedule = await scheduleOf('physician');
  const page = await open({ token }, `/book?schedule=${schedule.id}`);
  const reason = page.getByLabel(/Motivo de la cita/);
  await reason.fill('Lo mío');
  await page.getByRole('button', { name: 'Hija' }).click();
  await expect(page.locator('.act-for.somebody')).toBeVisible();
  await expect(page.locator('.confirm')).toHaveCount(1);
  await expect(reason).toHaveValue('');
  await reason.fill('Lo de mi hija');
  await expect.poll(() => drafts(page)).toEqual([`book/${mother.id}/reason`, `book/${child.id}/reason`].sort());
  // What was kept is read again, for each of them her own.
  await page.reload();
  await expect(page.locator('.act-for.somebody')).toBeVisible();
  const restored = page.getByText('Hemos recuperado lo que había escrito');
  await expect(restored).toBeVisible();
  await expect(reason).toHaveValue('Lo de mi hija');
  await page.locator('.act-for button').first().click();
  await expect(reason).toHaveValue('Lo mío');
  await expect(restored).toBeVisible();
});

test('joins the waiting list when no time suits', async ({ open }) => {
  const patient = await newPatient('Rosa');
  const { token } = await withAccount(patient);
  const schedule = await scheduleOf('physician');
  const page = await open({ token });
  let answer = () => {};
  const slow = new Promise<void>((resolve) => (answer = resolve));
  await page.route('**/api/v1/slots?*', async (route) => {
    await slow;
    await route.continue();
  });
  const asked = page.waitForRequest('**/api/v1/slots?*');
  await page.goto(`/book?schedule=${schedule.id}`);
  await asked;
  await expect(page.getByRole('button', { name: 'Pedir esta cita' })).toBeVisible();
  // Nothing that the list of times would push away while somebody presses it.
  const join = page.getByRole('button', { name: 'Apuntar en lista de espera' });
  await expect(join).toHaveCount(0);
  answer();
  const said = await heard(page);
  await join.click();
  await expect.poll(said).toContain('Apuntado en la lista de espera');
  const waiting = await as('receptionist').get<Schemas['Page_Waiting']>(`/schedules/${schedule.id}/waiting`);
  expect(waiting.items.filter((each) => each.patient === patient.id)).toHaveLength(1);
});

test('shows the pharmacy a code, and verifies it without signing in', async ({ open }) => {
  const patient = await newPatient('Inés');
  await treat(patient.id);
  const prescription = await prescribe(patient.id, 'Omeprazol 20 mg cápsulas', 'A02BC01');
  const { token } = await withAccount(patient);
  const page = await open({ token }, '/prescriptions');
  await page.getByRole('button', { name: 'Código de Omeprazol 20 mg cápsulas' }).click();
  const picture = page.getByRole('img', { name: 'Código QR de Omeprazol 20 mg cápsulas' });
  await expect(picture).toBeVisible();
  // What a pharmacy's camera reads in it.
  expect(await scanned(picture)).toBe(prescription.code);
  await expect(page.getByRole('dialog')).toContainText(prescription.code ?? 'no code');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: 'Código de Omeprazol 20 mg cápsulas' })).toBeFocused();

  const elsewhere = await open(undefined, '/verify');
  await elsewhere.getByLabel('Código de la receta').fill(prescription.code ?? '');
  await elsewhere.getByRole('button', { name: 'Comprobar' }).click();
  await expect(elsewhere.locator('.notice.good')).toContainText('Omeprazol');
  await expect(elsewhere.locator('body')).not.toContainText(patient.family_name);
});

test('reads the summary of the record, and who looked at it', async ({ open }) => {
  const patient = await newPatient('Julia');
  await treat(patient.id);
  await entry(patient.id, {
    kind: 'allergy',
    category: 'food',
    substance: 'Marisco',
    reaction: 'Urticaria',
    criticality: 'high',
  });
  await entry(patient.id, { kind: 'condition', icd10: 'J45.9', description: 'Asma', status: 'active' });
  const at = new Date().toISOString();
  await entry(patient.id, {
    kind: 'observation',
    loinc: '8867-4',
    description: 'Frecuencia cardiaca',
    value: { type: 'quantity', value: 72, unit: '/min' },
    observed_at: at,
  });
  await entry(patient.id, { kind: 'note', title: 'Revisión', text: 'Respira bien.' });
  const { token } = await withAccount(patient);
  const page = await open({ token }, '/record');
  for (const text of ['Marisco', 'grave', 'Asma', 'Frecuencia cardiaca', 'Respira bien.']) {
    await expect(page.getByText(text, { exact: true }).first()).toBeVisible();
  }
  await page.getByRole('link', { name: 'Privacidad' }).click();
  await expect(page.getByText('Medicina').first()).toBeVisible();
  await expect(page.getByText(/escribir en la historia/).first()).toBeVisible();
});

test('chooses the dark aspect, and finds it again', async ({ open }) => {
  const { token } = await withAccount(await newPatient('Aspecto'));
  const page = await open({ token });
  const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  await expect(page.getByRole('heading', { name: /Hola/ })).toBeVisible();
  const light = await ground();
  await page.getByRole('button', { name: /Menú de/ }).click();
  await page.getByRole('menuitemradio', { name: 'Oscuro' }).click();
  await expect.poll(ground).not.toBe(light);
  await page.reload();
  await expect(page.getByRole('heading', { name: /Hola/ })).toBeVisible();
  expect(await ground()).not.toBe(light);
});

test('reads the same in English, with dates of that language', async ({ open }) => {
  const patient = await newPatient('Nora');
  const { token } = await withAccount(patient);
  const schedule = await scheduleAt('ST2', 'Cardiología');
  await book(patient.id, schedule.id, 'Control', 20);
  const page = await open({ token });
  await expect(page.getByRole('heading', { name: 'Hola, Nora' })).toBeVisible();
  await page.getByRole('button', { name: /Menú de/ }).click();
  await page.getByRole('menuitemradio', { name: 'English' }).click();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('heading', { name: 'Hello, Nora' })).toBeVisible();
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
  await expect(page.locator('.when-day').first()).toHaveText(/(Mon|Tues|Wednes|Thurs|Fri)day/);
  await page.reload();
  await expect(page.getByRole('heading', { name: 'Hello, Nora' })).toBeVisible();
});

test('gives and withdraws a consent, and takes the data away', async ({ open }) => {
  const patient = await newPatient('Datos');
  const { token } = await withAccount(patient);
  const page = await open({ token }, '/privacy');
  await page.getByRole('button', { name: 'Autorizar: Investigación' }).click();
  await page.getByRole('button', { name: 'Retirar: Investigación' }).click();
  await expect(page.getByRole('button', { name: 'Autorizar: Investigación' })).toBeVisible();
  const consents = await call<Schemas['Consent'][]>(stack().api, token, 'GET', `/patients/${patient.id}/consents`);
  expect(consents.map(({ purpose, status }) => [purpose, status])).toEqual([['research', 'withdrawn']]);
  for (const [button, kind] of [
    ['Como datos (JSON)', 'json'],
    ['Como página para leer', 'html'],
  ] as const) {
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: button }).click();
    const file = await downloading;
    expect(file.suggestedFilename()).toMatch(new RegExp(`^galeno-.*\\.${kind}$`));
    expect(readFileSync(await file.path(), 'utf8')).toContain(patient.family_name);
  }
});
