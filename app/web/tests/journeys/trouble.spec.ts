/** What happens when something goes wrong. Each test has an API of its own over the same database. */

import type { Schemas } from '../../src/api/client';
import {
  as,
  call,
  freeSlots,
  newPatient,
  scheduleAt,
  scheduleOf,
  stack,
  storage,
  treat,
  withAccount,
} from '../support/api';
import { keys, notesOf } from '../support/notes';
import { startPair, type Pair } from '../support/pair';
import { until } from '../support/process';
import { answered, expect, shown, slotField, test as base } from '../support/test';
import { drafts, held } from '../support/vault';

const test = base.extend<{ pair: Pair }>({
  // Two programs start: that takes its own time, and not the test's.
  pair: [
    async ({}, use) => {
      const { home, programs } = stack();
      const pair = await startPair({ home, ...programs });
      await use(pair);
      await pair.stop();
    },
    { timeout: 300_000 },
  ],
  // The browser itself reports requests that find nobody.
  allowed: async ({}, use) =>
    use([
      /net::ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE|FAILED|TIMED_OUT|SOCKET_NOT_CONNECTED)/,
      /dynamically imported module/,
    ]),
});

test('the API is killed while a note is written: nothing is lost, and it is saved once', async ({ open, pair }) => {
  // How long an API takes to start, or a page to ask again by itself, depends on how busy the machine is.
  test.slow();
  const patient = await newPatient('Caída');
  await treat(patient.id);
  const page = await open('physician', `${pair.web}/patients/${patient.id}/notes`, { baseURL: pair.web });
  const note = page.getByLabel('Nota', { exact: true });
  await note.fill('Escrito antes de la caída.');
  const sent = keys(page);
  let lost = 0;
  page.on('requestfailed', (request) => (lost += /entries$/.test(request.url()) ? 1 : 0));
  await pair.kill();
  await page.getByRole('button', { name: 'Guardar la nota' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'No hay conexión con el servicio' }).first()).toBeVisible();
  await expect(note).toHaveValue('Escrito antes de la caída.');
  await page.getByRole('button', { name: 'Reintentar' }).first().click();
  // Both have found nobody before somebody is there again.
  await expect.poll(() => [sent.length, lost]).toEqual([2, 2]);
  await pair.start();
  // The page notices by itself that the API is back.
  await expect(page.locator('.platform.trouble')).toHaveCount(0, { timeout: 40_000 });
  await page.getByRole('button', { name: 'Guardar la nota' }).click();
  await expect(page.locator('.note-list')).toContainText('Escrito antes de la caída.');
  expect(await notesOf(patient.id)).toEqual(['Escrito antes de la caída.']);
  // Three attempts, one intention.
  expect([sent.length, new Set(sent).size]).toEqual([3, 1]);
});

test('an answer is lost on its way: the repetition has one effect', async ({ open }) => {
  const patient = await newPatient('Eco');
  await treat(patient.id);
  const page = await open('physician', `/patients/${patient.id}/notes`);
  let lost = 0;
  await page.route(/\/entries$/, async (route) => {
    if (route.request().method() !== 'POST' || lost > 0) return route.continue();
    lost += 1;
    await route.fetch();
    return route.abort('connectionreset');
  });
  await page.getByLabel('Nota', { exact: true }).fill('Una sola vez.');
  await page.getByRole('button', { name: 'Guardar la nota' }).click();
  await expect(page.locator('.notice.danger')).toContainText('no se sabe si quedó guardado');
  await page.getByRole('button', { name: 'Reintentar' }).first().click();
  await expect(page.locator('.note-list')).toContainText('Una sola vez.');
  expect(lost).toBe(1);
  expect(await notesOf(patient.id)).toEqual(['Una sola vez.']);
});

test('an answer is lost and the page is loaded anew: what is sent again has one effect', async ({ open }) => {
  const patient = await newPatient('Recarga');
  await treat(patient.id);
  const page = await open('physician', `/patients/${patient.id}/notes`);
  const sent = keys(page);
  await page.route(/\/entries$/, async (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    await route.fetch();
    return route.abort('connectionreset');
  });
  await page.getByLabel('Nota', { exact: true }).fill('Una, aunque se recargue.');
  await page.getByRole('button', { name: 'Guardar la nota' }).click();
  await expect(page.locator('.notice.danger')).toBeVisible();
  await page.unrouteAll();
  // The text, and the key with which it was sent.
  await expect.poll(() => drafts(page)).toEqual([`note/${patient.id}`, `note/${patient.id}#keys`]);
  await page.reload();
  await expect(page.getByLabel('Nota', { exact: true })).toHaveValue('Una, aunque se recargue.');
  await page.getByRole('button', { name: 'Guardar la nota' }).click();
  await expect(page.getByLabel('Nota', { exact: true })).toHaveValue('');
  expect(await notesOf(patient.id)).toEqual(['Una, aunque se recargue.']);
  expect([sent.length, new Set(sent).size]).toEqual([2, 1]);
  // What is written next is another note.
  await page.getByLabel('Nota', { exact: true }).fill('Una, aunque se recargue.');
  await page.getByRole('button', { name: 'Guardar la nota' }).click();
  await expect.poll(() => notesOf(patient.id)).toHaveLength(2);
});

test('one of several measurements is refused and corrected: the others are not added twice', async ({ open }) => {
  const patient = await newPatient('Tensa');
  await treat(patient.id, 'nurse');
  const page = await open('nurse', `/patients/${patient.id}/vitals`);
  await page.route(/\/entries$/, async (route) => {
    if (!route.request().postData()?.includes('"8462-4"')) return route.continue();
    const headers = {
      'Access-Control-Allow-Origin': new URL(page.url()).origin,
      'Access-Control-Allow-Credentials': 'true',
    };
    const json = { type: 'urn:galeno:problem:invalid', title: 'Algún dato no es válido.', status: 422 };
    return route.fulfill({ status: 422, headers, json });
  });
  await page.getByLabel(/Tensión sistólica/).fill('121');
  await page.getByLabel(/Tensión diastólica/).fill('81');
  await page.getByRole('button', { name: 'Guardar las constantes' }).click();
  await expect(page.locator('.notice.danger')).toContainText('Algún dato no es válido.');
  await page.unrouteAll();
  await page.getByLabel(/Tensión diastólica/).fill('82');
  await page.getByRole('button', { name: 'Guardar las constantes' }).click();
  await expect(page.getByRole('figure', { name: /Tensión diastólica/ })).toContainText('82');
  const { items } = await as('nurse').get<Schemas['Page_Entry']>(`/patients/${patient.id}/entries?kind=observation`);
  expect(items).toHaveLength(2);
});

test('the answer to the entry of a document is lost: the file goes once, and so does the entry', async ({ open }) => {
  const patient = await newPatient('Papel');
  await treat(patient.id);
  const page = await open('physician', `/patients/${patient.id}`);
  let uploads = 0;
  page.on('request', (request) => {
    if (request.method() === 'POST' && /documents$/.test(request.url())) uploads += 1;
  });
  let lost = 0;
  await page.route(/\/entries$/, async (route) => {
    if (route.request().method() !== 'POST' || lost > 0) return route.continue();
    lost += 1;
    await route.fetch();
    return route.abort('connectionreset');
  });
  await page.getByRole('button', { name: 'Añadir: Documento' }).click();
  const dialog = page.getByRole('dialog');
  await dialog
    .getByLabel('Archivo')
    .setInputFiles({ name: 'informe.txt', mimeType: 'text/plain', buffer: Buffer.from('Sin hallazgos.') });
  await dialog.getByRole('button', { name: 'Añadir' }).click();
  await expect(dialog.locator('.notice.danger')).toBeVisible();
  await dialog.getByRole('button', { name: 'Añadir' }).click();
  await expect(dialog).toHaveCount(0);
  const { items } = await as('physician').get<Schemas['Page_Entry']>(`/patients/${patient.id}/entries?kind=document`);
  expect([uploads, items.length]).toEqual([1, 1]);
});

test('the gate of the database is shut: the page says so, counts down, and goes on by itself', async ({
  open,
  pair,
}) => {
  test.slow();
  const patient = await newPatient('Puerta');
  const { token } = await withAccount(patient);
  const page = await open({ token }, `${pair.web}/`, { baseURL: pair.web });
  await expect(page.getByText('No tiene citas pendientes')).toBeVisible();
  pair.shutGate();
  await until('the gate is shut', async () => (await fetch(`${pair.management}/readyz`)).status === 503);
  await page.getByRole('link', { name: 'Historia' }).click();
  const bar = page.locator('.platform.trouble');
  await expect(bar).toContainText('Se están restaurando los datos');
  await expect(bar).toContainText(/Se vuelve a intentar en \d+ s|Comprobando/);
  // It is not taken for the end of the session.
  await expect(page.getByRole('dialog')).toHaveCount(0);
  pair.openGate();
  await expect(page.getByText('No consta ninguna alergia')).toBeVisible({ timeout: 40_000 });
  await expect(bar).toHaveCount(0);
  // A session that is taken for ended stays so until somebody signs in.
  await expect(page.getByRole('dialog')).toHaveCount(0);
});

test('the gate is shut while an appointment is booked: it is not booked, and then once', async ({ open, pair }) => {
  test.slow();
  const patient = await newPatient('Reserva');
  const { token } = await withAccount(patient);
  const schedule = await scheduleAt('ST2', 'Pediatría');
  const page = await open({ token }, `${pair.web}/book?schedule=${schedule.id}`, { baseURL: pair.web });
  await page.getByRole('radio').nth(30).check();
  await page.getByLabel(/Motivo de la cita/).fill('Durante la restauración');
  pair.shutGate();
  await until('the gate is shut', async () => (await fetch(`${pair.management}/readyz`)).status === 503);
  await page.getByRole('button', { name: 'Pedir esta cita' }).click();
  await expect(page.locator('.confirm .notice.danger')).toContainText('no se pierde nada');
  await expect(page.getByLabel(/Motivo de la cita/)).toHaveValue('Durante la restauración');
  pair.openGate();
  await until('the gate is open', async () => (await fetch(`${pair.management}/readyz`)).ok);
  await page.getByRole('button', { name: 'Reintentar' }).first().click();
  await expect(page).toHaveURL(/appointments/);
  const { items } = await as('receptionist').get<Schemas['Page_Appointment']>(`/patients/${patient.id}/appointments`);
  expect(items).toHaveLength(1);
});

test('the session ends while somebody writes: they sign in over the page and go on', async ({ open }) => {
  const { api } = stack();
  const patient = await newPatient('Sesión');
  const account = await withAccount(patient);
  const schedule = await scheduleAt('ST1', 'Traumatología');
  const slot = (await freeSlots(schedule.id))[10] as Schemas['Slot'];
  const page = await open({ token: account.token }, `/book?schedule=${schedule.id}`);
  await slotField(page, slot).check();
  await page.getByLabel(/Motivo de la cita/).fill('Lo escrito antes');
  // What is still on its way would find the session ended before the person does.
  await answered(page);
  await call(api, account.token, 'POST', '/auth/sign-out');
  await page.getByRole('button', { name: 'Pedir esta cita' }).click();
  const dialog = page.getByRole('dialog', { name: 'Su sesión ha terminado' });
  await expect(dialog).toBeVisible();
  await expect(dialog.getByLabel('Usuario')).toHaveValue(account.username);
  await dialog.getByLabel('Contraseña').fill(account.password);
  await page.keyboard.press('Enter');
  await expect(dialog).toHaveCount(0);
  await expect(page.getByLabel(/Motivo de la cita/)).toHaveValue('Lo escrito antes');
  await expect(slotField(page, slot)).toBeChecked();
  await expect(page.locator('.chosen')).toHaveText(`${shown.longDay(slot.starts_at)}, ${shown.time(slot.starts_at)}`);
  await page.getByRole('button', { name: 'Pedir esta cita' }).click();
  await expect(page).toHaveURL(/appointments/);
  const { items } = await as('receptionist').get<Schemas['Page_Appointment']>(`/patients/${patient.id}/appointments`);
  expect(items.map((each) => each.slot)).toEqual([slot.id]);
});

test('the session is found ended by the page itself: what was typed stays under the dialog', async ({ open }) => {
  const patient = await newPatient('Ausente');
  const account = await withAccount(patient);
  const schedule = await scheduleAt('ST2', 'Traumatología');
  const slot = (await freeSlots(schedule.id))[10] as Schemas['Slot'];
  const page = await open({ token: account.token }, `/book?schedule=${schedule.id}`);
  await slotField(page, slot).check();
  await page.getByLabel(/Motivo de la cita/).fill('Antes de la pausa');
  await answered(page);
  await call(stack().api, account.token, 'POST', '/auth/sign-out');
  // Only the question who is there is answered; everything else is still on its way.
  await page.route('**/api/v1/**', (route) => (/auth\/me$/.test(route.request().url()) ? route.continue() : undefined));
  await page.clock.setFixedTime(Date.now() + 10 * 60_000);
  await page.evaluate(() => window.dispatchEvent(new Event('visibilitychange')));
  const dialog = page.getByRole('dialog', { name: 'Su sesión ha terminado' });
  await expect(dialog).toBeVisible();
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await dialog.getByLabel('Contraseña').fill(account.password);
  await page.keyboard.press('Enter');
  await expect(dialog).toHaveCount(0);
  await expect(page.getByLabel(/Motivo de la cita/)).toHaveValue('Antes de la pausa');
  await expect(slotField(page, slot)).toBeChecked();
  await expect(page.locator('.chosen')).toHaveText(`${shown.longDay(slot.starts_at)}, ${shown.time(slot.starts_at)}`);
});

test('signing out fails: that stays in sight, and the drafts are gone all the same', async ({ open }) => {
  const patient = await newPatient('Salida');
  const { token } = await withAccount(patient);
  const schedule = await scheduleOf('physician');
  const page = await open({ token }, `/book?schedule=${schedule.id}`);
  await page.getByLabel(/Motivo de la cita/).fill('No debe quedar');
  await expect.poll(() => drafts(page)).toEqual([`book/${patient.id}/reason`]);
  await page.route('**/auth/sign-out', (route) => route.abort('connectionreset'));
  await page.getByRole('link', { name: 'Inicio', exact: true }).click();
  await page.getByRole('button', { name: /Menú de/ }).click();
  await page.getByRole('menuitem', { name: 'Salir' }).click();
  const dialog = page.getByRole('dialog', { name: 'No se ha podido cerrar la sesión' });
  await expect(dialog.getByRole('alert')).toContainText('Su sesión sigue abierta');
  expect(await held(page)).toEqual({ names: [], text: '', extractable: [] });
  await dialog.getByRole('button', { name: 'Cerrar' }).last().click();
  await page.goto(`/book?schedule=${schedule.id}`);
  await expect(page.getByLabel(/Motivo de la cita/)).toHaveValue('');
  await page.getByRole('button', { name: /Menú de/ }).click();
  await page.getByRole('menuitem', { name: 'Salir' }).click();
  await expect(dialog).toBeVisible();
  await page.unrouteAll();
  await dialog.getByRole('button', { name: 'Salir' }).click();
  await expect(page.getByRole('heading', { name: 'Entrar' })).toBeVisible();
});

test('a part of the application is gone after a new version: the page says so, and keeps what was typed', async ({
  open,
}) => {
  const patient = await newPatient('Versión');
  await treat(patient.id);
  const page = await open('physician', `/patients/${patient.id}/notes`);
  const note = page.getByLabel('Nota', { exact: true });
  await note.fill('Antes de la versión.');
  await page.getByRole('link', { name: 'Medicación' }).click();
  await page.getByRole('link', { name: 'Notas' }).click();
  await expect(note).toHaveValue('Antes de la versión.');
  await page.route(/assets\/vitals-.*\.js$/, (route) => route.fulfill({ status: 404 }));
  await page.getByRole('link', { name: 'Constantes' }).click();
  await expect(page.getByText('Esta parte no se puede mostrar')).toBeVisible();
  // What is around it stays.
  await expect(page.getByRole('group', { name: 'Alergias' })).toBeVisible();
  await page.unrouteAll();
  await page.getByRole('button', { name: 'Cargar de nuevo' }).click();
  await expect(page.getByRole('button', { name: 'Guardar las constantes' })).toBeVisible();
  await page.getByRole('link', { name: 'Notas' }).click();
  await expect(note).toHaveValue('Antes de la versión.');
});

test('somebody changed it meanwhile: both are shown, and what each changed stays', async ({ open }) => {
  const patient = await newPatient('Conflicto');
  const page = await open('receptionist', `/patients/${patient.id}/details`);
  await page.getByLabel(/Dirección/).fill('Calle Mía 1');
  await page.getByLabel(/Código postal/).fill('28001');
  const content = {
    given_name: patient.given_name,
    family_name: patient.family_name,
    birth_date: patient.birth_date,
    sex: patient.sex,
  };
  const theirs = {
    ...content,
    email: 'nuevo@correo.example',
    address: 'Calle Suya 2',
    phone: patient.phone,
    language: 'es',
  };
  await as('receptionist').put(`/patients/${patient.id}`, { patient: theirs }, patient.version);
  await page.getByRole('button', { name: 'Guardar', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Otra persona lo ha cambiado mientras tanto' });
  await expect(dialog).toContainText('Calle Mía 1');
  await expect(dialog).toContainText('Calle Suya 2');
  await expect(dialog).toContainText('nuevo@correo.example');
  // Back to the form: nothing typed is lost.
  await dialog.getByRole('button', { name: 'Volver al formulario' }).click();
  await expect(page.getByLabel(/Dirección/)).toHaveValue('Calle Mía 1');
  await page.getByRole('button', { name: 'Guardar', exact: true }).click();
  await dialog
    .getByRole('group', { name: /Dirección/ })
    .getByRole('radio')
    .nth(1)
    .check();
  await dialog.getByRole('button', { name: 'Guardar así' }).click();
  await expect(dialog).toHaveCount(0);
  const now = await as('receptionist').get<Schemas['Patient']>(`/patients/${patient.id}`);
  expect([now.address, now.email, now.postal_code]).toEqual(['Calle Suya 2', 'nuevo@correo.example', '28001']);
});

test('a slot is taken by somebody faster: another one is chosen, the reason stays', async ({ open }) => {
  const patient = await newPatient('Segunda');
  const faster = await newPatient('Primera');
  const { token } = await withAccount(patient);
  const schedule = await scheduleAt('ST1', 'Endocrinología');
  const [slot, other] = (await freeSlots(schedule.id)).slice(10) as [Schemas['Slot'], Schemas['Slot']];
  const page = await open({ token }, `/book?schedule=${schedule.id}`);
  await slotField(page, slot).check();
  await page.getByLabel(/Motivo de la cita/).fill('Lo mío');
  await as('receptionist').post(`/patients/${faster.id}/appointments`, { slot: slot.id });
  await page.getByRole('button', { name: 'Pedir esta cita' }).click();
  await expect(page.getByText('Ese hueco acaba de ocuparse')).toBeVisible();
  // The list is read again, slowly: the slot that is gone is not offered meanwhile.
  let answer = () => {};
  const slow = new Promise<void>((resolve) => (answer = resolve));
  await page.route('**/api/v1/slots?*', async (route) => {
    await slow;
    await route.continue();
  });
  await page.getByRole('button', { name: 'Ver los huecos libres' }).click();
  await expect(page.getByLabel(/Motivo de la cita/)).toHaveValue('Lo mío');
  await expect(slotField(page, slot)).toHaveCount(0);
  await slotField(page, other).check();
  await page.getByRole('button', { name: 'Pedir esta cita' }).click();
  await expect(page).toHaveURL(/appointments/);
  answer();
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  const { items } = await as('receptionist').get<Schemas['Page_Appointment']>(`/patients/${patient.id}/appointments`);
  expect(items.map((each) => [each.slot, each.reason])).toEqual([[other.id, 'Lo mío']]);
});

test('drafts survive a reload, cannot be read on the device, and are gone at sign-out, in every tab', async ({
  open,
}) => {
  const patient = await newPatient('Borrador');
  const { token } = await withAccount(patient);
  const schedule = await scheduleOf('physician');
  const page = await open({ token }, `/book?schedule=${schedule.id}`);
  const other = await page.context().newPage();
  await other.goto('/');
  await expect(other.getByRole('heading', { name: /Hola/ })).toBeVisible();
  await page.getByLabel(/Motivo de la cita/).fill('Secreto clínico');
  const readable = ({ text }: { text: string }) => /Secreto/.test(text);
  const now = () => held(page).then((all) => [all.names, readable(all), all.extractable]);
  await expect.poll(now).toEqual([[`book/${patient.id}/reason`], false, [false]]);
  await page.reload();
  await expect(page.getByLabel(/Motivo de la cita/)).toHaveValue('Secreto clínico');
  await page.getByRole('button', { name: /Menú de/ }).click();
  await page.getByRole('menuitem', { name: 'Salir' }).click();
  await expect(page.getByRole('heading', { name: 'Entrar' })).toBeVisible();
  await expect(other.getByRole('heading', { name: 'Entrar' })).toBeVisible();
  await expect.poll(now).toEqual([[], false, []]);
});

test('a double click sends once, a slow answer is said to be slow, and back goes back', async ({ open }) => {
  const patient = await newPatient('Doble');
  await treat(patient.id);
  const page = await open('physician', `/patients/${patient.id}/notes`);
  const sent = keys(page);
  let answer = () => {};
  const slow = new Promise<void>((resolve) => (answer = resolve));
  await page.route(/\/entries$/, async (route) => {
    if (route.request().method() === 'POST') await slow;
    await route.continue();
  });
  await page.getByLabel('Nota', { exact: true }).fill('Con prisa.');
  await page.getByRole('button', { name: 'Guardar la nota' }).dblclick();
  await page.keyboard.press('Enter');
  await expect(page.locator('.platform.slow')).toContainText('La conexión va lenta');
  answer();
  await expect(page.locator('.note-list')).toContainText('Con prisa.');
  await expect(page.locator('.platform.slow')).toHaveCount(0);
  expect(sent).toHaveLength(1);
  expect(await notesOf(patient.id)).toEqual(['Con prisa.']);
  await page.getByRole('link', { name: 'Constantes' }).click();
  await expect(page).toHaveURL(/vitals/);
  await expect.poll(() => drafts(page)).toEqual([]);
  await page.goBack();
  await expect(page).toHaveURL(/notes/);
  await expect(page.getByLabel('Nota', { exact: true })).toHaveValue('');
});

test('the API is away when the page is opened: it waits, and opens by itself', async ({ open, pair }) => {
  test.slow();
  const patient = await newPatient('Espera');
  const { token } = await withAccount(patient);
  await pair.kill();
  const page = await open(undefined, `${pair.web}/`, { baseURL: pair.web, storageState: storage(token) });
  await expect(page.locator('.platform.trouble')).toContainText('No hay conexión con el servicio');
  await pair.start();
  await expect(page.getByRole('heading', { name: /Hola/ })).toBeVisible({ timeout: 40_000 });
});
