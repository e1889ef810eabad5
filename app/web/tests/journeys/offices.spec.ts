import type { Schemas } from '../../src/api/client';
import { as, freeSlots, newPatient, prescribe, scheduleAt, stack, treat } from '../support/api';
import { expect, heard, test } from '../support/test';

test('a pharmacist dispenses in parts, and never more than was prescribed', async ({ open }) => {
  const patient = await newPatient('Farmacia');
  await treat(patient.id);
  const prescription = await prescribe(patient.id, 'Metformina 850 mg comprimidos', 'A10BA02', 56);
  const page = await open('pharmacist');
  const code = page.getByLabel('Código de la receta');
  // A reader types the code and Enter.
  await expect(code).toBeFocused();
  await page.keyboard.type((prescription.code ?? '').toLowerCase());
  await page.keyboard.press('Enter');
  const panel = page.getByRole('region', { name: 'Metformina 850 mg comprimidos' });
  await expect(panel).toContainText(patient.family_name);
  await expect(panel).toContainText('Quedan 56 de 56');
  await panel.getByLabel(/Cantidad/).fill('28');
  await panel.getByLabel(/Lote/).fill('L-2026-11');
  await panel.getByRole('button', { name: 'Dispensar' }).click();
  await expect(panel).toContainText('Quedan 28 de 56');
  await expect(panel).toContainText('L-2026-11');
  // Meanwhile somebody else dispenses most of the rest.
  await as('pharmacist').post(`/patients/${patient.id}/prescriptions/${prescription.id}/dispensations`, {
    quantity: 20,
  });
  await panel.getByLabel(/Cantidad/).fill('28');
  await panel.getByRole('button', { name: 'Dispensar' }).click();
  await expect(panel).toContainText('Solo quedan 8');
  await panel.getByLabel(/Cantidad/).fill('8');
  await panel.getByRole('button', { name: 'Dispensar' }).click();
  await expect(panel).toContainText('Dispensada');
  const now = await as('pharmacist').get<Schemas['Prescription']>(
    `/patients/${patient.id}/prescriptions/${prescription.id}`,
  );
  expect([now.dispensed, now.status]).toEqual([56, 'completed']);
  await panel.getByRole('button', { name: 'Siguiente receta' }).click();
  await code.fill('AAAA-BBBB');
  await page.keyboard.press('Enter');
  await expect(page.getByText('El código está mal copiado.')).toBeVisible();
});

test('an auditor reads the access log, of everybody and of one patient, and verifies it', async ({ open }) => {
  const patient = await newPatient('Auditada');
  await treat(patient.id);
  const page = await open('auditor');
  const row = page
    .getByRole('row')
    .filter({ hasText: patient.id.slice(-6) })
    .first();
  // The newest lines alone are shown, and others write some, too.
  await expect(async () => {
    await as('physician').get(`/patients/${patient.id}/entries`);
    await page.reload();
    await expect(row).toBeVisible({ timeout: 10_000 });
  }).toPass();
  await row.getByRole('button').click();
  await expect(page.getByRole('dialog')).toContainText('leer la historia');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Verificar el registro' }).click();
  await expect(page.getByText(/Íntegro: [\d.]+ líneas/)).toBeVisible();
  await page.getByText('Sellos actuales').click();
  const heads = page.locator('.heads li');
  await expect(heads.first()).toBeVisible();
  const kept = (await heads.allInnerTexts()).join('\n');

  // What was kept elsewhere agrees; a head that the log never had does not; what is no head is not compared at all.
  await page.getByText('Comparar con sellos guardados').click();
  const field = page.getByLabel('Sellos guardados antes');
  await field.fill(kept);
  await page.getByRole('button', { name: 'Verificar el registro' }).click();
  await expect(page.getByText(/^Coincide con/)).toBeVisible();
  const verified = page.waitForRequest('**/access-log/verify');
  const forged = kept.replace(/[0-9a-f]{64}/, '0'.repeat(64));
  const file = { name: 'sellos.txt', mimeType: 'text/plain', buffer: Buffer.from(forged) };
  await page.getByLabel('O el archivo en el que están').setInputFiles(file);
  await expect(field).toHaveValue(forged);
  await page.getByRole('button', { name: 'Verificar el registro' }).click();
  expect(((await verified).postDataJSON() as Schemas['VerifyLog']).anchors[0]?.hash).toBe('0'.repeat(64));
  await expect(page.getByText('El registro está alterado')).toBeVisible();
  await expect(page.getByText('no coincide con el sello guardado', { exact: false }).last()).toBeVisible();
  await field.fill(`${kept}\n3/x`);
  await expect(page.getByText('Aquí hay algo que no es un sello', { exact: false })).toBeVisible();
});

test('an administrator registers somebody, changes their role and gives them access', async ({ open }) => {
  const page = await open('administrator');
  const mark = `Zeta${Date.now()}`;
  await page.getByRole('button', { name: 'Nueva persona' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Nombre', { exact: true }).fill('Leo');
  await dialog.getByLabel('Apellidos').fill(mark);
  await dialog.getByLabel('Función').selectOption('nurse');
  await dialog.getByRole('button', { name: 'Guardar' }).click();
  await expect(dialog).toHaveCount(0);
  await page.getByLabel('Buscar por nombre o función').fill(mark.toLowerCase());
  await expect(page.getByText('1 persona')).toBeVisible();
  await page.getByRole('button', { name: `Cambiar ${mark}, Leo` }).click();
  await dialog.getByLabel('Función').selectOption('receptionist');
  await dialog.getByRole('button', { name: 'Guardar' }).click();
  await expect(dialog).toHaveCount(0);
  await expect(page.getByRole('listitem').filter({ hasText: mark })).toContainText('Recepción');
  await page.getByRole('button', { name: `Cambiar ${mark}, Leo` }).click();
  await dialog.getByLabel('Usuario').fill(mark.toLowerCase());
  await dialog.getByRole('button', { name: 'Dar acceso' }).click();
  await expect(dialog.locator('.secret')).toHaveText(/\S{6,}/);
});

test('an administrator opens a clinic, a department and a schedule, and sees who may do what', async ({ open }) => {
  const page = await open('administrator', '/clinics');
  const code = `C${Date.now() % 100_000}`;
  await page.getByRole('button', { name: 'Nuevo centro' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Nombre', { exact: true }).fill(`Centro ${code}`);
  await dialog.getByLabel('Código', { exact: true }).fill(code);
  await dialog.getByRole('button', { name: 'Guardar' }).click();
  const clinic = page.getByRole('listitem').filter({ hasText: code });
  await expect(clinic).toBeVisible();
  await clinic.getByRole('button', { name: 'Servicio' }).click();
  await clinic.getByLabel('Servicio').fill('Urgencias');
  await clinic.getByRole('button', { name: 'Guardar' }).click();
  await expect(clinic).toContainText('Urgencias');

  await page.getByRole('link', { name: 'Consultas' }).click();
  await page.getByRole('button', { name: 'Nueva consulta' }).click();
  await dialog.getByLabel('Nombre', { exact: true }).fill(`Consulta ${code}`);
  await dialog.getByLabel('De quién').selectOption(stack().accounts.nurse.person);
  await dialog.getByLabel('Centro').selectOption({ label: `Centro ${code}` });
  await dialog.getByRole('button', { name: 'Guardar' }).click();
  await page.getByRole('button', { name: `Abrir huecos en Consulta ${code}` }).click();
  const said = await heard(page);
  await dialog.getByRole('button', { name: 'Abrir los huecos' }).click();
  await expect(dialog).toHaveCount(0);
  await expect.poll(said).toMatch(/huecos nuevos/);
  expect((await freeSlots((await scheduleAt(code, `Consulta ${code}`)).id)).length).toBeGreaterThan(0);

  await page.getByRole('link', { name: 'Funciones' }).click();
  await expect(page.getByRole('row', { name: /^recetar sí/ })).toBeVisible();
  // What a role cannot do is not offered, and an address of it says so.
  await page.goto('/log');
  await expect(page.getByRole('heading', { name: 'Aquí no puede entrar' })).toBeVisible();
});
