/** The same person in two tabs, and the browser's own way back. */

import type { Schemas } from '../../src/api/client';
import { as, call, newPatient, scheduleOf, stack, treat, withAccount } from '../support/api';
import { answered, expect, heard, test } from '../support/test';

test('two tabs change the same patient: the second one is shown what the first one saved', async ({ open }) => {
  const patient = await newPatient('Pestaña');
  const first = await open('receptionist', `/patients/${patient.id}/details`);
  const second = await first.context().newPage();
  await second.goto(`/patients/${patient.id}/details`);
  await second.getByLabel(/Código postal/).fill('28002');
  await second.getByLabel(/Dirección/).fill('Calle de la segunda 2');
  await first.getByLabel(/Dirección/).fill('Calle de la primera 1');
  const said = await heard(first);
  await first.getByRole('button', { name: 'Guardar', exact: true }).click();
  await expect.poll(said).toContain('Datos guardados');
  await second.getByRole('button', { name: 'Guardar', exact: true }).click();
  const dialog = second.getByRole('dialog', { name: 'Otra persona lo ha cambiado mientras tanto' });
  await expect(dialog).toContainText('Calle de la primera 1');
  await expect(dialog).toContainText('Calle de la segunda 2');
  await dialog.getByRole('button', { name: 'Guardar así' }).click();
  await expect(dialog).toHaveCount(0);
  const now = await as('receptionist').get<Schemas['Patient']>(`/patients/${patient.id}`);
  expect([now.address, now.postal_code]).toEqual(['Calle de la segunda 2', '28002']);
});

test('the session ends in two tabs: signing in again in one of them is enough', async ({ open }) => {
  const account = await withAccount(await newPatient('Doblete'));
  const schedule = await scheduleOf('physician');
  const page = await open({ token: account.token }, `/book?schedule=${schedule.id}`);
  await page.getByRole('radio').nth(6).check();
  await page.getByLabel(/Motivo de la cita/).fill('Escrito en una');
  const other = await page.context().newPage();
  await other.goto('/');
  await expect(other.getByRole('heading', { name: /Hola/ })).toBeVisible();
  // What is still on its way would find the session ended before the person does.
  await answered(page);
  await call(stack().api, account.token, 'POST', '/auth/sign-out');
  const ended = { name: 'Su sesión ha terminado' };
  await page.getByRole('button', { name: 'Pedir esta cita' }).click();
  await expect(page.getByRole('dialog', ended)).toBeVisible();
  await other.getByRole('link', { name: 'Historia', exact: true }).click();
  await expect(other.getByRole('dialog', ended)).toBeVisible();
  await other.getByRole('dialog', ended).getByLabel('Contraseña').fill(account.password);
  await other.keyboard.press('Enter');
  await expect(other.getByRole('dialog', ended)).toHaveCount(0);
  await expect(page.getByRole('dialog', ended)).toHaveCount(0);
  await expect(page.getByLabel(/Motivo de la cita/)).toHaveValue('Escrito en una');
});

test('back and forward keep what was typed and not sent', async ({ open }) => {
  const patient = await newPatient('Vuelta');
  await treat(patient.id);
  const page = await open('physician', `/patients/${patient.id}/notes`);
  const note = page.getByLabel('Nota', { exact: true });
  await note.fill('A medias.');
  await page.getByRole('link', { name: 'Constantes' }).click();
  await page.getByRole('link', { name: 'Medicación' }).click();
  await expect(page).toHaveURL(/medication/);
  await page.goBack();
  await expect(page).toHaveURL(/vitals/);
  await page.goBack();
  await expect(note).toHaveValue('A medias.');
  await page.goForward();
  await expect(page).toHaveURL(/vitals/);
});
