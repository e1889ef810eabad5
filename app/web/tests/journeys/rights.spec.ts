import { readFileSync } from 'node:fs';
import type { Schemas } from '../../src/api/client';
import { as, entry, newPatient, treat, withAccount } from '../support/api';
import { expect, heard, test } from '../support/test';

test('a patient asks for a right, the office answers it, and the patient reads the answer', async ({ open }) => {
  const patient = await newPatient('Petra');
  const { token } = await withAccount(patient);
  const own = await open({ token }, '/privacy');
  await own.getByRole('button', { name: 'Nueva petición' }).click();
  const asking = own.getByRole('dialog');
  await asking.getByLabel('Qué se pide').selectOption('access');
  await expect(asking).toContainText('también para llevarla a otro centro');
  await asking.getByLabel('En sus palabras').fill('Quiero una copia de mis analíticas.');
  const said = await heard(own);
  await asking.getByRole('button', { name: 'Enviar la petición' }).click();
  await expect.poll(said).toContain('Petición registrada');
  await expect(asking).toHaveCount(0);
  const row = own.getByRole('listitem').filter({ hasText: 'Quiero una copia de mis analíticas.' });
  await expect(row).toContainText('antes del');

  const office = await open('auditor', '/requests');
  const waiting = office.getByRole('listitem').filter({ hasText: patient.family_name });
  await waiting.getByRole('button', { name: 'Responder: Acceso y portabilidad' }).click();
  const answering = office.getByRole('dialog');
  await answering.getByLabel('Respuesta').selectOption('granted');
  await answering.getByLabel('Qué se ha hecho y por qué').fill('Se le envió la copia completa.');
  await answering.getByRole('button', { name: 'Enviar la respuesta' }).click();
  await expect(answering).toHaveCount(0);
  await expect(waiting).toHaveCount(0);

  await own.reload();
  await expect(row).toContainText('Concedido');
  await expect(row).toContainText('Se le envió la copia completa.');
});

test('the desk writes down what a person asks for', async ({ open }) => {
  const patient = await newPatient('Ventanilla');
  const page = await open('receptionist', `/patients/${patient.id}/rights`);
  await page.getByRole('button', { name: 'Nueva petición' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Qué se pide').selectOption('objection');
  await dialog.getByLabel('En sus palabras').fill('No quiere encuestas.');
  await dialog.getByRole('button', { name: 'Enviar la petición' }).click();
  await expect(page.getByRole('listitem').filter({ hasText: 'No quiere encuestas.' })).toContainText('Oposición');
  // It asks; the office decides.
  await expect(page.getByRole('button', { name: /^Responder/ })).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Ver qué se borraría' })).toHaveCount(0);
});

test('an erasure shows what it will do, does it once it is confirmed, and says what was kept and why', async ({
  open,
}) => {
  const patient = await newPatient('Olvido');
  await treat(patient.id);
  await entry(patient.id, { kind: 'note', title: 'Consulta', text: 'Cefalea.' });
  const page = await open('auditor', `/patients/${patient.id}/rights`);
  await page.getByRole('button', { name: 'Ver qué se borraría' }).click();
  const dialog = page.getByRole('dialog');
  const notes = dialog.getByRole('row', { name: /^Anotaciones/ });
  await expect(notes).toContainText('La ley obliga a conservarlo');
  await expect(dialog.getByRole('row', { name: /^Contacto y acceso/ })).toBeVisible();
  await dialog.getByLabel('Motivo').fill('Petición de la persona');
  const sure = dialog.getByLabel(/escriba los apellidos/);
  await sure.fill('Otra Persona');
  await dialog.getByRole('button', { name: 'Borrar definitivamente' }).click();
  await expect(dialog).toContainText('No coincide con los apellidos.');
  expect((await as('auditor').get<Schemas['Patient']>(`/patients/${patient.id}`)).phone).toBeTruthy();
  await sure.fill(patient.family_name.toUpperCase());
  await dialog.getByRole('button', { name: 'Borrar definitivamente' }).click();
  await expect(dialog.getByText('Borrado lo que se podía borrar')).toBeVisible();
  await expect(notes).toContainText(/Hasta el \d/);
  await dialog.getByRole('button', { name: 'Cerrar' }).last().click();
  // What is kept is blocked, contact details are gone, and it is in the list.
  await expect(page.getByText('Datos limitados').first()).toBeVisible();
  const left = await as('auditor').get<Schemas['Patient']>(`/patients/${patient.id}`);
  expect([left.phone ?? null, left.restricted]).toEqual([null, true]);
  await page.getByRole('link', { name: 'Derechos' }).first().click();
  await page.getByRole('link', { name: 'Supresiones' }).click();
  const line = page.getByRole('listitem').filter({ hasText: patient.id.slice(-6) });
  await line.getByText('Qué se borró y qué se conserva').click();
  await expect(line.getByRole('row', { name: /^Identidad/ })).toContainText('Para saber de quién es');
});

test('restricted data: closed for the desk, open in an emergency, and lifted again', async ({ open }) => {
  // Three people at three desks.
  test.slow();
  const patient = await newPatient('Reserva');
  await treat(patient.id);
  await entry(patient.id, { kind: 'allergy', category: 'food', substance: 'Kiwi', criticality: 'high' });
  const office = await open('auditor', `/patients/${patient.id}/rights`);
  await office.getByRole('button', { name: 'Limitar los datos' }).click();
  await office.getByRole('dialog').getByLabel('Motivo').fill('Exactitud impugnada');
  await office.getByRole('dialog').getByRole('button', { name: 'Limitar los datos' }).click();
  await expect(office.getByRole('listitem').filter({ hasText: 'Exactitud impugnada' })).toBeVisible();

  const desk = await open('receptionist', `/patients/${patient.id}`);
  await expect(desk.getByRole('heading', { name: 'Los datos de esta persona están limitados' })).toBeVisible();
  // What a person asks for is taken down all the same.
  await expect(desk.getByRole('button', { name: 'Nueva petición' })).toBeVisible();

  const doctor = await open('physician', `/patients/${patient.id}`);
  await doctor.getByLabel('Por qué la necesita ahora').fill('Llega inconsciente a urgencias.');
  await doctor.getByRole('button', { name: 'Abrir en urgencia' }).click();
  // Whose record it is, and what can kill.
  await expect(doctor.getByRole('heading', { level: 1 })).toContainText(patient.family_name);
  await expect(doctor.getByRole('group', { name: 'Alergias' })).toContainText('Kiwi');

  await office.getByRole('button', { name: 'Levantar la limitación' }).click();
  await office.getByRole('dialog').getByLabel('Motivo').fill('Aclarado');
  await office.getByRole('dialog').getByRole('button', { name: 'Levantar la limitación' }).click();
  await expect(office.getByText('Los datos se usan con normalidad.')).toBeVisible();
  await desk.reload();
  await expect(desk.getByRole('heading', { level: 1 })).toContainText(patient.family_name);
});

test('the office rectifies by right, and the change says what was wrong', async ({ open }) => {
  const patient = await newPatient('Errata');
  const page = await open('auditor', `/patients/${patient.id}/details`);
  await page.getByLabel('Apellidos').fill(`${patient.family_name} Corregida`);
  await page.getByLabel('Qué estaba mal, y cómo se sabe').fill('DNI visto: falta el segundo apellido');
  await page.getByRole('button', { name: 'Guardar', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Corregida');
  await page.getByRole('button', { name: 'Cambios anteriores' }).click();
  const newest = page.getByRole('dialog').getByRole('listitem').first();
  await expect(newest).toContainText('Apellidos');
  await expect(newest).toContainText('DNI visto');
});

test('an export for research is made of who consented, and is written down', async ({ open }) => {
  const project = `Estudio ${Date.now()}`;
  const page = await open('auditor', '/research');
  await page.getByRole('button', { name: 'Nueva exportación' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Proyecto').fill(project);
  await dialog.getByLabel('Para qué, y quién lo aprobó').fill('Comité de ética, acta 3/2026.');
  let sent = 0;
  page.on('request', (request) => {
    if (request.method() === 'POST' && request.url().endsWith('/research-exports')) sent += 1;
  });
  const smallest = dialog.getByLabel('Grupo mínimo');
  const valid = () => smallest.evaluate((input: HTMLInputElement) => input.validity.valid);
  await smallest.fill('4');
  await dialog.getByRole('button', { name: 'Exportar' }).click();
  // The browser itself knows the bounds, and shows where they are not kept.
  await expect(smallest).toBeFocused();
  expect(await valid()).toBe(false);
  await smallest.fill('5');
  expect(await valid()).toBe(true);
  const download = page.waitForEvent('download');
  await dialog.getByRole('button', { name: 'Exportar' }).click();
  const file = await (await download).path();
  const made = JSON.parse(readFileSync(file, 'utf8')) as Schemas['ResearchExport'];
  expect([made.project, made.smallest_cell, sent]).toEqual([project, 5, 1]);
  for (const subject of made.subjects) expect(Object.keys(subject)).not.toContain('family_name');
  await expect(page.getByRole('listitem').filter({ hasText: project })).toContainText('acta 3/2026');
});

test('the administration says who answers for the data, and the office reads it', async ({ open }) => {
  const administration = await open('administrator', '/processing');
  await administration.getByRole('button', { name: 'Cambiar' }).click();
  const dialog = administration.getByRole('dialog');
  await dialog.getByLabel('Responsable del tratamiento').fill('Clínica San Telmo, S.L.');
  await dialog.getByLabel('Contacto del responsable').fill('Calle Inventada 12, Madrid');
  const officer = `dpd-${Date.now()}@san-telmo.example`;
  await dialog.getByLabel('Delegado de protección de datos').fill(officer);
  await dialog.getByLabel('Años que se conserva la historia').fill('5');
  await dialog.getByRole('button', { name: 'Guardar' }).click();
  await expect(administration.getByText(officer)).toBeVisible();
  const office = await open('auditor', '/processing');
  await expect(office.getByText(officer)).toBeVisible();
  await office.locator('summary').first().click();
  await expect(office.getByText('Base jurídica').first()).toBeVisible();
  await expect(office.getByRole('button', { name: 'Cambiar' })).toHaveCount(0);
});
