import type { Schemas } from '../../src/api/client';
import { dayIn, instant } from '../../src/i18n/format';
import { as, book, freeSlots, newPatient, scheduleAt, scheduleOf } from '../support/api';
import { expect, heard, shown, test } from '../support/test';
import type { Page } from '@playwright/test';

const reload = (id: string, patient: string) =>
  as('receptionist').get<Schemas['Appointment']>(`/patients/${patient}/appointments/${id}`);

const dayOf = (at: Date) => dayIn('Europe/Madrid', at);

async function goToDay(page: Page, startsAt: string) {
  const wanted = dayOf(new Date(startsAt)) === dayOf(new Date()) ? 'Hoy' : shown.longDay(startsAt);
  const title = page.getByRole('heading', { level: 1 });
  await expect(title).toHaveText('Hoy');
  for (let press = 0, day = 'Hoy'; day !== wanted && press < 30; press += 1) {
    await page.getByRole('button', { name: 'Después' }).click();
    await expect(title).not.toHaveText(day);
    day = (await title.textContent()) ?? '';
  }
  await expect(title).toHaveText(wanted);
}

test('receives a patient: arrived at the desk, seen by the physician', async ({ open }) => {
  const schedule = await scheduleOf('physician');
  const patient = await newPatient('Amparo');
  const appointment = await book(patient.id, schedule.id, 'Control');
  const desk = await open('receptionist');
  await desk.getByLabel('Consulta').selectOption(schedule.staff);
  await goToDay(desk, appointment.starts_at);
  const name = `Amparo ${patient.family_name}`;
  await desk.getByRole('button', { name: `Ha llegado: ${name}` }).click();
  await expect(desk.getByRole('listitem').filter({ hasText: patient.family_name })).toContainText('en sala');
  const office = await open('physician');
  await goToDay(office, appointment.starts_at);
  await office.getByRole('button', { name: `Atendido: ${name}` }).click();
  await expect(office.getByRole('listitem').filter({ hasText: patient.family_name })).toContainText('atendida');
  expect((await reload(appointment.id, patient.id)).status).toBe('fulfilled');
});

test('takes back what was pressed by mistake, before it counts', async ({ open }) => {
  const schedule = await scheduleOf('physician');
  const patient = await newPatient('Yerro');
  const booked = await book(patient.id, schedule.id, 'Control');
  await as('receptionist').post(
    `/patients/${patient.id}/appointments/${booked.id}/attendance`,
    { status: 'arrived' },
    { 'If-Match': `"${booked.version}"` },
  );
  const page = await open('physician', '/robots.txt');
  await page.clock.install();
  await page.goto('/');
  await goToDay(page, booked.starts_at);
  let sent = 0;
  page.on('request', (request) => {
    if (request.method() === 'POST' && request.url().endsWith('/attendance')) sent += 1;
  });
  const seen = page.getByRole('button', { name: `Atendido: Yerro ${patient.family_name}` });
  await expect(seen).toBeVisible();
  // Some seconds are given: they pass when the test says so.
  await page.clock.pauseAt(Date.now() + 60_000);
  await seen.click();
  await page.getByRole('button', { name: `Deshacer: Yerro ${patient.family_name}` }).click();
  await page.clock.runFor(20_000);
  expect((await reload(booked.id, patient.id)).status).toBe('arrived');
  // Who goes on to something else has decided.
  await seen.click();
  await page.getByRole('link', { name: 'Agenda' }).click();
  await expect.poll(async () => (await reload(booked.id, patient.id)).status).toBe('fulfilled');
  expect(sent).toBe(1);
});

test('keeps no session awake for an empty chair', async ({ open }) => {
  const page = await open('physician', '/robots.txt');
  await page.clock.install();
  let asked = 0;
  page.on('request', (request) => (asked += request.url().includes('/api/v1/') ? 1 : 0));
  await page.goto('/');
  await expect(page.getByRole('heading', { name: 'Hoy' })).toBeVisible();
  await page.waitForLoadState('networkidle');
  asked = 0;
  await page.clock.runFor(60_000);
  await expect.poll(() => asked).toBeGreaterThan(0);
  // The chair is empty some minutes after the last sign, whenever that was.
  await expect(async () => {
    asked = 0;
    await page.clock.runFor(60_000);
    expect(asked).toBe(0);
  }).toPass();
  await page.clock.runFor(30 * 60_000);
  expect(asked).toBe(0);
  await page.mouse.move(200, 200);
  await expect.poll(() => asked).toBeGreaterThan(0);
});

test('says of whom it may not show the name', async ({ open }) => {
  const schedule = await scheduleOf('physician');
  const patient = await newPatient('Reserva');
  const booked = await book(patient.id, schedule.id, 'Control');
  await as('auditor').put(
    `/patients/${patient.id}/restriction`,
    { restricted: true, reason: 'Prueba' },
    patient.version,
  );
  const page = await open('receptionist');
  await page.getByLabel('Consulta').selectOption(schedule.staff);
  await goToDay(page, booked.starts_at);
  const row = page.getByRole('listitem').filter({ has: page.locator(`time[datetime="${booked.starts_at}"]`) });
  await expect(row.getByRole('link')).toHaveText('Datos limitados');
});

test('drags an appointment to a free slot, and moves another with the keyboard', async ({ open }) => {
  const schedule = await scheduleOf('physician');
  // A whole day, since what is left of today may be over before it is chosen; and a near one: an appointment
  // makes a care relationship from seven days before.
  const days = (await freeSlots(schedule.id)).map((slot) => dayOf(new Date(slot.starts_at)));
  const day = days.find((other) => other !== days[0]) ?? '';
  const [dragged, typed] = [await newPatient('Arrastre'), await newPatient('Teclado')];
  const morning = instant('Europe/Madrid', day);
  const first = await book(dragged.id, schedule.id, 'Primera', 0, morning);
  const second = await book(typed.id, schedule.id, 'Segunda', 0, morning);
  const page = await open('physician', `/agenda?view=day&day=${day}&schedule=${schedule.id}`);
  const visit = page.getByRole('button', { name: new RegExp(dragged.family_name) });
  await expect(visit).toBeVisible();
  const free = page.locator('li[data-slot]').filter({ hasText: 'libre' }).last();
  const target = (await free.getAttribute('data-slot')) ?? '';
  await free.scrollIntoViewIfNeeded();
  // What comes and goes at the top moves everything below it.
  await expect(page.locator('.platform')).toHaveCount(0);
  await page.evaluate(() => document.fonts.ready);
  const said = await heard(page);
  const [from, to] = [await visit.boundingBox(), await free.boundingBox()];
  if (!from || !to) throw new Error('nothing to drag');
  const middle = (box: { x: number; y: number; width: number; height: number }) =>
    [box.x + box.width / 2, box.y + box.height / 2] as const;
  await page.mouse.move(...middle(from));
  await page.mouse.down();
  await page.mouse.move(...middle(to), { steps: 8 });
  await expect(page.locator('li.over')).toHaveCount(1);
  await page.mouse.up();
  await expect(page.locator(`li[data-slot="${target}"]`)).toContainText(dragged.family_name);
  await expect.poll(said).toContain('Cita cambiada');
  expect((await reload(first.id, dragged.id)).slot).toBe(target);

  await page.getByRole('button', { name: new RegExp(typed.family_name) }).focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  // Neither one that begins meanwhile, nor one that other journeys take.
  await dialog.getByRole('radio').nth(40).focus();
  await page.keyboard.press('Space');
  await dialog.getByRole('button', { name: 'Cambiar a esta hora' }).press('Enter');
  await expect(dialog).toHaveCount(0);
  expect((await reload(second.id, typed.id)).slot).not.toBe(second.slot);
});

test('books for who waits, the most urgent first', async ({ open }) => {
  const schedule = await scheduleAt('ST2', 'Endocrinología');
  const [late, urgent] = [await newPatient('Tarde'), await newPatient('Pronto')];
  await as('receptionist').post(`/patients/${late.id}/waiting`, { schedule: schedule.id, priority: 4 });
  await as('receptionist').post(`/patients/${urgent.id}/waiting`, { schedule: schedule.id, priority: 1 });
  const page = await open('receptionist', `/waiting?schedule=${schedule.id}`);
  const rows = page.locator('.numbered > li');
  await expect(rows.first()).toContainText(urgent.family_name);
  await rows
    .first()
    .getByRole('button', { name: /Dar cita a/ })
    .click();
  await page.getByRole('dialog').getByRole('radio').last().check();
  await page.getByRole('dialog').getByRole('button', { name: 'Pedir esta cita' }).click();
  await expect(rows.first()).not.toContainText(urgent.family_name);
  const { items } = await as('receptionist').get<Schemas['Page_Appointment']>(`/patients/${urgent.id}/appointments`);
  expect(items).toHaveLength(1);
});

test('registers a patient, and is shown who it may be already', async ({ open }) => {
  const known = await newPatient('Gregorio');
  const page = await open('receptionist', '/patients/new');
  await page.getByLabel('Nombre', { exact: true }).fill('Gregorio');
  await page.getByLabel('Apellidos').fill(known.family_name);
  await page.getByLabel('Fecha de nacimiento').fill(known.birth_date);
  await page.getByLabel('Sexo').selectOption('male');
  await page.getByRole('button', { name: 'Registrar', exact: true }).click();
  await expect(page.getByText('Quizá ya esté registrado')).toBeVisible();
  await page.getByRole('button', { name: 'Es otra persona: registrar' }).click();
  await expect(page.getByRole('heading', { level: 1, name: `${known.family_name}, Gregorio` })).toBeVisible();
  await expect(page).not.toHaveURL(new RegExp(known.id));
  // Reception sees nothing clinical.
  await expect(page.getByRole('link', { name: 'Notas' })).toHaveCount(0);
  await page.getByLabel(/Usuario/).fill(`greg-${known.id.slice(-6)}`);
  await page.getByRole('button', { name: 'Dar acceso' }).click();
  await expect(page.locator('.secret')).toHaveText(/\S{6,}/);
});

test('registers who was born today by the clinic’s calendar', async ({ open }) => {
  const page = await open('receptionist', '/robots.txt');
  // Half past midnight in Madrid; in Greenwich it is still yesterday.
  await page.clock.setFixedTime('2026-11-23T23:30:00Z');
  await page.goto('/patients/new');
  await expect(page.getByLabel('Fecha de nacimiento')).toHaveAttribute('max', '2026-11-24');
});

test('books for a patient from their page', async ({ open }) => {
  const patient = await newPatient('Visita');
  const schedule = await scheduleOf('physician');
  const page = await open('receptionist', `/patients/${patient.id}/visits`);
  await page.getByRole('button', { name: 'Dar cita' }).click();
  await page.getByLabel('Consulta').selectOption(schedule.id);
  await page.getByRole('radio').nth(2).check();
  await page.getByRole('button', { name: 'Pedir esta cita' }).click();
  await expect(page.getByRole('button', { name: /Ha llegado/ })).toBeVisible();
  expect((await freeSlots(schedule.id)).length).toBeGreaterThan(0);
});
