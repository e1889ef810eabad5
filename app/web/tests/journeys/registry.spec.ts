import { readFileSync } from 'node:fs';
import type { Schemas } from '../../src/api/client';
import { as, book, entry, newPatient, scheduleAt, stack, treat, withAccount } from '../support/api';
import { expect, test } from '../support/test';

test('a guardian is named, sees and books for the child, and no longer does when it ends', async ({ open }) => {
  const [mother, child] = [await newPatient('Madre'), await newPatient('Criatura')];
  const { token } = await withAccount(mother);
  const schedule = await scheduleAt('ST2', 'Medicina de familia');
  await book(child.id, schedule.id, 'Vacuna');
  const desk = await open('receptionist', `/patients/${child.id}/privacy`);
  await desk.getByRole('button', { name: 'Añadir tutor' }).click();
  const dialog = desk.getByRole('dialog');
  await dialog.getByLabel('Relación').fill('Madre');
  await dialog.getByRole('button', { name: 'Añadir' }).click();
  await expect(dialog).toContainText('Elija quién es el tutor.');
  await dialog.getByRole('combobox').fill(mother.family_name);
  await dialog.getByRole('option').first().click();
  await dialog.getByRole('button', { name: 'Añadir' }).click();
  const named = desk.getByRole('listitem').filter({ hasText: mother.family_name });
  await expect(named).toContainText('Madre');

  const own = await open({ token });
  await expect(own.getByText('No tiene citas pendientes.')).toBeVisible();
  await own.getByRole('button', { name: /^Criatura/ }).click();
  await expect(own.getByRole('heading', { level: 1 })).toHaveText(`Criatura ${child.family_name}`);
  await expect(own.getByText('Vacuna')).toBeVisible();
  // It stays so on the next screen and after a reload: what is booked is booked for the child.
  await own.getByRole('link', { name: 'Pedir cita' }).click();
  await own.reload();
  await own.getByLabel('Consulta').selectOption(schedule.id);
  await own.getByRole('radio').nth(8).check();
  await own.getByRole('button', { name: 'Pedir esta cita' }).click();
  await expect(own).toHaveURL(/appointments/);
  const of = async (patient: string) =>
    (await as('receptionist').get<Schemas['Page_Appointment']>(`/patients/${patient}/appointments`)).items.length;
  expect([await of(child.id), await of(mother.id)]).toEqual([2, 0]);

  await named.getByRole('button', { name: /^Terminar la tutela/ }).click();
  await dialog.getByRole('button', { name: 'Terminar', exact: true }).click();
  await expect(named).toContainText('terminó el');
  await own.reload();
  await expect(own.getByText('No tiene citas pendientes.')).toBeVisible();
  await expect(own.getByRole('button', { name: /^Criatura/ })).toHaveCount(0);
});

test('two registrations of one person are compared and joined', async ({ open }) => {
  const first = await newPatient('Doble');
  const second = await newPatient('Dobla', first.family_name);
  await treat(second.id);
  await entry(second.id, { kind: 'note', title: 'Nota', text: 'Escrita en el duplicado.' });
  const page = await open('receptionist', `/patients/${first.id}/details`);
  await page.getByRole('link', { name: 'Unir con otro registro' }).click();
  await page.getByRole('combobox', { name: 'Buscar el otro registro' }).fill(`Dobla ${first.family_name}`);
  await page.getByRole('option').filter({ hasText: 'Dobla' }).click();
  const names = page.getByRole('row', { name: /^Nombre/ });
  await expect(names).toContainText('distinto');
  await expect(page.getByRole('row', { name: /^Fecha de nacimiento/ })).not.toContainText('distinto');
  await expect(page.getByText(`pasan al registro de Doble ${first.family_name}`)).toBeVisible();
  await page.getByRole('radio', { name: 'Conservar el 2' }).check();
  await expect(page.getByText(`pasan al registro de Dobla ${first.family_name}`)).toBeVisible();
  await page.getByLabel('Cómo se sabe que son la misma persona').fill('Mismo DNI, visto en el mostrador');
  await page.getByRole('button', { name: 'Unir definitivamente' }).click();
  await expect(page).toHaveURL(new RegExp(`${second.id}/details`));
  await page.getByRole('button', { name: 'Cambios anteriores' }).click();
  const history = page.getByRole('dialog', { name: 'Cambios de los datos personales' });
  await expect(history).toContainText(`Se unió el registro de Doble ${first.family_name}`);
  await expect(history).toContainText('Mismo DNI, visto en el mostrador');
  // An old address says where the person is now.
  await page.goto(`/patients/${first.id}/details`);
  await page.getByRole('link', { name: 'Ver el registro que vale' }).click();
  await expect(page).toHaveURL(new RegExp(second.id));
});

test('a consent is noted at the desk, and withdrawn', async ({ open }) => {
  const patient = await newPatient('Consiente');
  const page = await open('receptionist', `/patients/${patient.id}/privacy`);
  await page.getByRole('button', { name: 'Autorizar: Investigación' }).click();
  await page.getByRole('button', { name: 'Retirar: Investigación' }).click();
  await expect(page.getByRole('button', { name: 'Autorizar: Investigación' })).toBeVisible();
  const consents = await as('receptionist').get<Schemas['Consent'][]>(`/patients/${patient.id}/consents`);
  expect(consents.map(({ purpose, status }) => [purpose, status])).toEqual([['research', 'withdrawn']]);
});

test('a physician names a nurse for the team, and takes them off again', async ({ open }) => {
  const patient = await newPatient('Equipo');
  await treat(patient.id);
  const nurse = stack().accounts.nurse.person;
  const page = await open('physician', `/patients/${patient.id}/details`);
  await page.getByRole('button', { name: 'Añadir al equipo' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Profesional').selectOption(nurse);
  await dialog.getByLabel('Motivo').fill('Curas en casa');
  await dialog.getByRole('button', { name: 'Añadir' }).click();
  const member = page.getByRole('listitem').filter({ hasText: 'Curas en casa' });
  await expect(member).toContainText('Enfermería');
  await as('nurse').get(`/patients/${patient.id}/entries`);
  await member.getByRole('button', { name: /^Quitar del equipo/ }).click();
  await dialog.getByRole('button', { name: 'Quitar' }).click();
  // What lies behind an open dialog has no role: nothing is gone before it is closed.
  await expect(dialog).toHaveCount(0);
  await expect(member).toHaveCount(0);
  await expect(as('nurse').get(`/patients/${patient.id}/entries`)).rejects.toThrow(/no-care-relation/);
});

test('a document is added to the record, and saved from it as it came', async ({ open }) => {
  const patient = await newPatient('Papeles');
  await treat(patient.id);
  const page = await open('physician', `/patients/${patient.id}`);
  await page.getByRole('button', { name: 'Añadir: Documento' }).click();
  const dialog = page.getByRole('dialog');
  const content = Buffer.from('%PDF-1.4\nInforme de alta\n');
  await dialog.getByLabel('Archivo').setInputFiles({ name: 'alta.docm', mimeType: 'text/plain', buffer: content });
  await dialog.getByRole('button', { name: 'Añadir' }).click();
  await expect(dialog).toContainText('Este tipo de archivo no se admite.');
  await dialog.getByLabel('Archivo').setInputFiles({ name: 'Alta.pdf', mimeType: 'application/pdf', buffer: content });
  await dialog.getByLabel('Título').fill('Informe de alta');
  await dialog.getByRole('button', { name: 'Añadir' }).click();
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Guardar Informe de alta en este dispositivo' }).click();
  const download = await saved;
  expect(download.suggestedFilename()).toBe('Informe de alta.pdf');
  expect(readFileSync(await download.path())).toEqual(content);
  // The patient has it, too.
  const own = await open({ token: (await withAccount(patient)).token }, '/record');
  await expect(own.getByRole('button', { name: 'Guardar Informe de alta en este dispositivo' })).toBeVisible();
});

test('the desk closes a slot, nobody can book it, and opens it again', async ({ open }) => {
  const schedule = await scheduleAt('ST1', 'Pediatría');
  const slots = await as('receptionist').get<Schemas['Slot'][]>(`/slots?schedule=${schedule.id}`);
  const slot = slots.filter((each) => each.free && new Date(each.starts_at) > new Date()).at(-1);
  if (!slot) throw new Error('no free slot');
  const local = (options: Intl.DateTimeFormatOptions, tag = 'es') =>
    new Intl.DateTimeFormat(tag, { timeZone: 'Europe/Madrid', ...options }).format(new Date(slot.starts_at));
  const day = local({ year: 'numeric', month: '2-digit', day: '2-digit' }, 'en-CA');
  const time = local({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const page = await open('receptionist', `/agenda?view=day&day=${day}&schedule=${schedule.id}`);
  await page.getByRole('button', { name: `libre, cerrar el hueco de las ${time}` }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cerrar el hueco' }).click();
  const closed = page.getByRole('button', { name: `cerrado, abrir el hueco de las ${time}` });
  await expect(closed).toBeVisible();
  const patient = await newPatient('Hueco');
  const booking = as('receptionist').post(`/patients/${patient.id}/appointments`, { slot: slot.id, reason: 'x' });
  await expect(booking).rejects.toThrow(/slot/);
  await closed.click();
  await page.getByRole('dialog').getByRole('button', { name: 'Abrir el hueco' }).click();
  await expect(page.getByRole('button', { name: `libre, cerrar el hueco de las ${time}` })).toBeVisible();
  await as('receptionist').post(`/patients/${patient.id}/appointments`, { slot: slot.id, reason: 'x' });
});

test('an administrator gives a service a token for a few things, and revokes it', async ({ open }) => {
  const page = await open('administrator', '/services');
  const name = `Avisos ${Date.now()}`;
  await page.getByRole('button', { name: 'Nueva clave' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Para qué servicio').fill(name);
  await dialog.getByRole('button', { name: 'Crear la clave' }).click();
  await expect(dialog).toContainText('Elija al menos una cosa.');
  await dialog.getByLabel('ver centros y organización').check();
  await dialog.getByRole('button', { name: 'Crear la clave' }).click();
  const token = (await page.locator('.secret').textContent()) ?? '';
  const ask = (path: string) =>
    fetch(`${stack().api}/api/v1${path}`, { headers: { Authorization: `Bearer ${token}` } }).then(
      ({ status }) => status,
    );
  expect([await ask('/organization'), await ask('/staff')]).toEqual([200, 403]);
  await page.getByRole('button', { name: `Revocar la clave de ${name}` }).click();
  await dialog.getByRole('button', { name: 'Revocar' }).click();
  await expect(page.getByRole('listitem').filter({ hasText: name })).toContainText('revocada');
  expect(await ask('/organization')).toBe(401);
});
