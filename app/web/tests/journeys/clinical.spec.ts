import type { Schemas } from '../../src/api/client';
import { as, entry, newPatient, prescribe, treat, withAccount } from '../support/api';
import { expect, test } from '../support/test';

test('finds a patient by keyboard alone, whatever the accents and the typing errors', async ({ open }) => {
  const patient = await newPatient('Íñigo', 'Quiñónez Barrágan');
  await treat(patient.id);
  const page = await open('physician');
  await expect(page.getByRole('heading', { name: 'Hoy' })).toBeVisible();
  await page.keyboard.press('/');
  const search = page.getByRole('combobox', { name: 'Buscar paciente' });
  await expect(search).toBeFocused();
  await page.keyboard.type('quinonez barragan');
  // There is one more of them after each repetition.
  const option = page.getByRole('option', { name: /Quiñónez Barrágan, Íñigo/ }).first();
  await expect(option).toBeVisible();
  for (const typed of ['quiñones', 'qunionez inigo']) {
    await search.fill(typed);
    await expect(option).toBeVisible();
    await expect(page.getByText('Nadie se llama así')).toBeVisible();
  }
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowUp');
  await expect(option).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'Quiñónez Barrágan, Íñigo' })).toBeVisible();
});

test('opens nobody whom the text does not name: Enter waits for its own answer', async ({ open }) => {
  const [before, meant] = [await newPatient('Anterior'), await newPatient('Buscada')];
  await treat(meant.id);
  const page = await open('physician', '/patients');
  const search = page.getByRole('combobox');
  await search.fill(before.family_name);
  const row = page.getByRole('option', { name: new RegExp(before.family_name) });
  await expect(row).toBeVisible();
  let answer = () => {};
  const slow = new Promise<void>((resolve) => (answer = resolve));
  await page.route('**/api/v1/patients/search', async (route) => {
    await slow;
    await route.continue();
  });
  const gone: string[] = [];
  page.on('framenavigated', (frame) => gone.push(frame.url()));
  await search.fill(meant.family_name);
  await page.keyboard.press('Enter');
  // The rows of the search before are still there, and stand for nothing.
  await expect(page.getByRole('listbox')).toHaveAttribute('aria-busy', 'true');
  await expect(row).toHaveAttribute('aria-disabled', 'true');
  await row.click({ force: true });
  await expect(page).toHaveURL(/\/patients$/);
  answer();
  await expect(page.getByRole('heading', { level: 1, name: `${meant.family_name}, Buscada` })).toBeVisible();
  expect(gone.map((url) => new URL(url).pathname)).toEqual([`/patients/${meant.id}`]);
});

test('keeps allergies in sight whatever is open below', async ({ open }) => {
  const patient = await newPatient('Carla');
  await treat(patient.id);
  await entry(patient.id, {
    kind: 'allergy',
    category: 'medication',
    atc: 'J01C',
    substance: 'Penicilina',
    reaction: 'Anafilaxia',
    criticality: 'high',
  });
  for (let number = 0; number < 14; number += 1)
    await entry(patient.id, { kind: 'note', title: `Nota ${number}`, text: 'Una línea.\nOtra línea.' });
  const page = await open('physician', `/patients/${patient.id}`);
  const allergies = page.getByRole('group', { name: 'Alergias' });
  const tabs = {
    Historia: page.locator('.entries'),
    Notas: page.locator('.note-list'),
    Constantes: page.getByRole('button', { name: 'Guardar las constantes' }),
    Medicación: page.getByRole('button', { name: 'Recetar' }),
    Citas: page.getByText('No tiene citas pendientes'),
    Datos: page.getByRole('button', { name: 'Añadir al equipo' }),
  };
  for (const [tab, content] of Object.entries(tabs)) {
    await page.getByRole('navigation', { name: 'Partes de la historia' }).getByRole('link', { name: tab }).click();
    await expect(content.first()).toBeVisible();
    const far = await page.evaluate(() => {
      window.scrollTo(0, document.documentElement.scrollHeight);
      return window.scrollY;
    });
    // So many notes do not fit.
    if (['Historia', 'Notas'].includes(tab)) expect(far).toBeGreaterThan(500);
    await expect(allergies).toContainText('Penicilina');
    await expect(allergies).toBeInViewport();
  }
  const unknown = await newPatient('Berta');
  await treat(unknown.id);
  await page.goto(`/patients/${unknown.id}`);
  await expect(allergies).toContainText('No consta ninguna alergia');
  await expect(allergies).toHaveCSS('background-color', 'rgb(241, 239, 234)');

  // What could not be read is no good news, and neither is what is still on its way.
  let answer = () => {};
  const asked = new Promise<void>((resolve) => (answer = resolve));
  await page.route(/entries\?.*kind=allergy/, async (route) => {
    await asked;
    const headers = {
      'Access-Control-Allow-Origin': new URL(page.url()).origin,
      'Access-Control-Allow-Credentials': 'true',
    };
    await route.fulfill({ status: 404, headers, json: { type: 'urn:galeno:problem:not-found', title: 'No existe.' } });
  });
  await page.reload();
  await expect(allergies).toHaveClass(/unsure/);
  answer();
  await expect(allergies).toContainText('No se han podido leer las alergias: pregunte');
  await expect(allergies).toHaveClass(/unsure/);
});

test('what is typed for one patient stays with that patient, back and forward', async ({ open }) => {
  const [first, second] = [await newPatient('Alba'), await newPatient('Bruno')];
  for (const { id } of [first, second]) await treat(id);
  const page = await open('physician', `/patients/${first.id}`);
  await expect(page.getByText('La historia está vacía.')).toBeVisible();
  await page.keyboard.press('/');
  await page.keyboard.type(second.family_name);
  await page.getByRole('option', { name: new RegExp(second.family_name) }).click();
  await expect(page.getByRole('heading', { level: 1, name: new RegExp(second.family_name) })).toBeVisible();
  await page.getByRole('button', { name: 'Añadir: Alergia' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Clase').selectOption('environment');
  await dialog.getByLabel('A qué').fill('Látex de Bruno');
  await page.goBack();
  await expect(page.getByRole('heading', { level: 1, name: new RegExp(first.family_name) })).toBeVisible();
  await expect(dialog).toHaveCount(0);
  await page.getByRole('button', { name: 'Añadir: Alergia' }).click();
  await expect(dialog.getByLabel('A qué')).toHaveValue('');
  await page.keyboard.press('Escape');
  await page.goForward();
  await expect(page.getByRole('heading', { level: 1, name: new RegExp(second.family_name) })).toBeVisible();
  await expect(dialog).toHaveCount(0);
  await page.getByRole('button', { name: 'Añadir: Alergia' }).click();
  await expect(dialog.getByLabel('A qué')).toHaveValue('Látex de Bruno');
  await dialog.getByRole('button', { name: 'Añadir' }).click();
  await expect(page.getByRole('group', { name: 'Alergias' })).toContainText('Látex de Bruno');
  const allergiesOf = (id: string) =>
    as('physician').get<Schemas['Page_Entry']>(`/patients/${id}/entries?kind=allergy`);
  expect([(await allergiesOf(first.id)).items.length, (await allergiesOf(second.id)).items.length]).toEqual([0, 1]);
});

test('a problem begins on the day that was said, wherever the browser is', async ({ open }) => {
  const patient = await newPatient('Onda');
  await treat(patient.id);
  const page = await open('physician', `/patients/${patient.id}`);
  await page.getByRole('button', { name: 'Añadir: Problema' }).click();
  const dialog = page.locator('.dialog');
  await dialog.getByLabel('Problema').fill('Hipertensión arterial');
  await dialog.getByLabel('Código CIE-10').fill('I10');
  await dialog.getByLabel(/Desde/).fill('2026-02-03');
  await dialog.getByRole('button', { name: 'Añadir' }).click();
  await expect(dialog).toHaveCount(0);
  const { items } = await as('physician').get<Schemas['Page_Entry']>(`/patients/${patient.id}/entries?kind=condition`);
  // Midnight by the clock of the clinic, which is the day before in UTC.
  expect(items.map(({ content }) => content.kind === 'condition' && Date.parse(content.onset ?? ''))).toEqual([
    Date.parse('2026-02-02T23:00:00Z'),
  ]);
});

test('writes a note, corrects it, signs it, amends it', async ({ open }) => {
  const patient = await newPatient('Pilar');
  await treat(patient.id);
  const page = await open('physician', `/patients/${patient.id}/notes`);
  await page.getByLabel('Nota', { exact: true }).fill('Acude por tos.');
  await page.getByRole('button', { name: 'Guardar la nota' }).click();
  const list = page.locator('.note-list');
  await expect(list).toContainText('Acude por tos.');
  await expect(page.getByLabel('Nota', { exact: true })).toHaveValue('');
  await list.getByRole('button', { name: 'Editar' }).click();
  await list.getByLabel('Nota', { exact: true }).fill('Acude por tos seca.');
  await list.getByRole('button', { name: 'Guardar el cambio' }).click();
  await expect(list.locator('.prose')).toHaveText('Acude por tos seca.');
  const act = async (name: string) => {
    await list
      .getByRole('button', { name: /Acciones de/ })
      .first()
      .click();
    await page.getByRole('menuitem', { name }).click();
  };
  // Who and what is signed is seen; and what somebody changed meanwhile is not signed unseen.
  await act('Firmar');
  const dialog = page.locator('.dialog');
  await expect(dialog).toContainText(patient.family_name);
  await expect(dialog).toContainText('Acude por tos seca.');
  const one = await as('physician').get<Schemas['Page_Entry']>(`/patients/${patient.id}/entries?kind=note`);
  const [note] = one.items;
  const content = { kind: 'note', title: 'Nota de consulta', text: 'Acude por tos seca y fiebre.' };
  await as('physician').put(
    `/patients/${patient.id}/entries/${note?.id ?? ''}`,
    { content, reason: 'Prueba' },
    note?.version ?? 0,
  );
  await dialog.getByRole('button', { name: 'Firmar' }).click();
  await expect(dialog.getByText('Otra persona lo ha cambiado')).toBeVisible();
  await expect(dialog).toContainText('Acude por tos seca y fiebre.');
  await dialog.getByRole('button', { name: 'Firmar' }).click();
  await expect(list.getByText('Firmada')).toBeVisible();
  await expect(dialog).toHaveCount(0);
  await expect(list.getByRole('button', { name: 'Editar' })).toHaveCount(0);
  await act('Añadir enmienda');
  await dialog.getByLabel('Enmienda').fill('La tos es productiva.');
  for (const leave of [() => page.keyboard.press('Escape'), () => page.reload()]) {
    await leave();
    await expect(dialog).toHaveCount(0);
    await act('Añadir enmienda');
    await expect(dialog.getByLabel('Enmienda')).toHaveValue('La tos es productiva.');
  }
  await page.getByRole('dialog').getByRole('button', { name: 'Añadir la enmienda' }).click();
  await expect(list).toContainText('La tos es productiva.');
  const { items } = await as('physician').get<Schemas['Page_Entry']>(`/patients/${patient.id}/entries?kind=note`);
  expect(items.map((each) => [each.status, each.amends !== null]).sort()).toEqual([
    ['open', true],
    ['signed', false],
  ]);
});

test('a note is signed while somebody writes in it: the text stays, and becomes an amendment', async ({ open }) => {
  const patient = await newPatient('Relevo');
  await treat(patient.id);
  const note = await entry(patient.id, { kind: 'note', title: 'Nota de consulta', text: 'Sin fiebre.' });
  const page = await open('physician', `/patients/${patient.id}/notes`);
  const list = page.locator('.note-list');
  await list.getByRole('button', { name: 'Editar' }).click();
  await list.getByLabel('Nota', { exact: true }).fill('Sin fiebre desde ayer.');
  await as('physician').post(`/patients/${patient.id}/entries/${note.id}/sign`, undefined, {
    'If-Match': `"${note.version}"`,
  });
  await list.getByRole('button', { name: 'Guardar el cambio' }).click();
  await expect(list.getByText('Firmada')).toBeVisible();
  const notice = list.locator('.notice', { hasText: 'Alguien firmó la nota' });
  await expect(notice).toContainText('Sin fiebre desde ayer.');
  await page.reload();
  await expect(notice).toContainText('Sin fiebre desde ayer.');
  await notice.getByRole('button', { name: 'Añadir una enmienda' }).click();
  await expect(page.getByRole('dialog').getByLabel('Enmienda')).toHaveValue('Sin fiebre desde ayer.');
  await page.getByRole('dialog').getByRole('button', { name: 'Añadir la enmienda' }).click();
  await expect(notice).toHaveCount(0);
  await expect(list).toContainText('Sin fiebre desde ayer.');
  await expect(list.getByText('Sin fiebre.', { exact: true })).toBeVisible();
});

test('measures, and sees the measurements as charts', async ({ open }) => {
  const patient = await newPatient('Sergio');
  await treat(patient.id, 'nurse');
  const page = await open('nurse', `/patients/${patient.id}/vitals`);
  await page.getByLabel(/Tensión sistólica/).fill('15o');
  await expect(page.getByText('Entre 40 y 300')).toBeVisible();
  await page.getByLabel(/Tensión sistólica/).fill('152');
  await page.getByLabel(/Tensión diastólica/).fill('94');
  await page.getByLabel(/Temperatura/).fill('36,7');
  // When it was measured is seen and can be said; a draft keeps its time, and shows it.
  const at = page.getByLabel('Medido el');
  await expect(at).toHaveValue(/^\d{4}-\d\d-\d\dT\d\d:\d\d$/);
  await at.fill('2026-02-03T08:15');
  await expect(page.getByText(/hace \d+ (mes|año)|el año pasado/)).toBeVisible();
  await page.getByRole('link', { name: 'Notas' }).click();
  await page.getByRole('link', { name: 'Constantes' }).click();
  await expect(page.getByLabel(/Tensión sistólica/)).toHaveValue('152');
  await page.reload();
  await expect(page.getByLabel(/Tensión sistólica/)).toHaveValue('152');
  await expect(at).toHaveValue('2026-02-03T08:15');
  await page.getByRole('button', { name: 'Guardar las constantes' }).click();
  const chart = page.getByRole('figure', { name: /Tensión sistólica/ });
  await expect(chart).toContainText('152');
  await expect(chart).toContainText('fuera de lo habitual');
  await expect(page.getByRole('figure', { name: /Temperatura/ })).toContainText('36,7');
  await expect(chart.getByRole('table')).toHaveCount(1);
  const { items } = await as('nurse').get<Schemas['Page_Entry']>(`/patients/${patient.id}/entries?kind=observation`);
  // By the clock of the clinic, wherever the browser is.
  const when = items.map(({ content }) => content.kind === 'observation' && Date.parse(content.observed_at));
  expect(when).toEqual(Array(3).fill(Date.parse('2026-02-03T07:15:00Z')));
  await expect(at).toHaveValue('');
});

test('prescribes with what speaks against it in sight before signing', async ({ open }) => {
  const patient = await newPatient('Andrés');
  await treat(patient.id);
  await entry(patient.id, {
    kind: 'allergy',
    category: 'medication',
    atc: 'M01A',
    substance: 'AINE',
    reaction: 'Broncoespasmo',
    criticality: 'high',
  });
  await prescribe(patient.id, 'Warfarina 5 mg comprimidos', 'B01AA03');
  const page = await open('physician', `/patients/${patient.id}/medication`);
  let signatures = 0;
  page.on('request', (request) => {
    if (request.method() === 'POST' && request.url().endsWith('/sign')) signatures += 1;
  });
  await page.getByRole('button', { name: 'Recetar' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Medicamento').fill('Ibuprofeno 600 mg comprimidos');
  const code = dialog.getByLabel('Código ATC');
  await expect(code).toHaveValue('M01AE01');
  // Another drug is not checked by this one's code.
  await dialog.getByLabel('Medicamento').fill('Enantyum 25 mg');
  await expect(code).toHaveValue('');
  await expect(dialog.getByLabel('Pauta')).toHaveValue('');
  await dialog.getByRole('button', { name: 'Comprobar' }).click();
  await expect(code).toBeFocused();
  await dialog.getByLabel('Medicamento').fill('Ibuprofeno 600 mg comprimidos');
  await dialog.getByRole('button', { name: 'Comprobar' }).click();
  await expect(dialog.getByText('Comprobado con el código M01AE01 · Ibuprofeno')).toBeVisible();
  await expect(dialog.getByText('Contraindicado')).toBeVisible();
  await expect(dialog.getByText('Más riesgo de hemorragia grave', { exact: false })).toBeVisible();
  // Without an answer to each there is no signature.
  await dialog.getByRole('button', { name: 'Firmar con estas razones' }).click();
  await expect(dialog.getByLabel('Por qué se receta igualmente').first()).toBeFocused();
  await dialog.getByRole('button', { name: 'Corregir' }).click();
  await dialog.getByLabel('Medicamento').fill('Paracetamol 1 g comprimidos');
  await dialog.getByRole('button', { name: 'Comprobar' }).click();
  await expect(dialog.getByText('Nada en contra')).toBeVisible();
  await dialog.getByRole('button', { name: 'Firmar', exact: true }).click();
  await expect(dialog).toHaveCount(0);
  await expect(page.getByText('Paracetamol 1 g comprimidos')).toBeVisible();
  const { items } = await as('physician').get<Schemas['Page_Prescription']>(`/patients/${patient.id}/prescriptions`);
  expect(items.map((each) => [each.medication, each.status]).sort()).toEqual([
    ['Paracetamol 1 g comprimidos', 'active'],
    ['Warfarina 5 mg comprimidos', 'active'],
  ]);

  await page.getByRole('button', { name: 'Recetar' }).click();
  await dialog.getByLabel('Medicamento').fill('Ibuprofeno 600 mg comprimidos');
  await dialog.getByRole('button', { name: 'Comprobar' }).click();
  await expect(dialog.getByLabel('Por qué se receta igualmente')).toHaveCount(2);
  for (const why of await dialog.getByLabel('Por qué se receta igualmente').all())
    await why.fill('Dosis única bajo vigilancia');
  await dialog.getByRole('button', { name: 'Firmar con estas razones' }).click();
  await expect(dialog).toHaveCount(0);
  const after = await as('physician').get<Schemas['Page_Prescription']>(`/patients/${patient.id}/prescriptions`);
  const signed = after.items.find((each) => each.medication.startsWith('Ibuprofeno'));
  expect([signed?.status, signed?.overridden?.length, signatures]).toEqual(['active', 2, 2]);
});

test('opens a record in an emergency, with a reason that the auditor judges and the patient sees', async ({ open }) => {
  const patient = await newPatient('Desconocida');
  const { token } = await withAccount(patient);
  const page = await open('physician', `/patients/${patient.id}`);
  await expect(page.getByRole('heading', { name: 'No consta que atienda a este paciente' })).toBeVisible();
  await page.getByLabel('Por qué la necesita ahora').fill('Llega inconsciente a urgencias, sin acompañante.');
  await page.getByRole('button', { name: 'Abrir en urgencia' }).click();
  await expect(page.getByText('La historia está vacía.')).toBeVisible();

  const auditor = await open('auditor', '/emergencies');
  const row = auditor.getByRole('listitem').filter({ hasText: patient.family_name });
  await expect(row).toContainText('Llega inconsciente');
  await row.getByRole('button', { name: /Revisar/ }).click();
  await auditor.getByLabel('Conclusión').selectOption('justified');
  await auditor.getByLabel('Comentario').fill('Conforme al protocolo.');
  await auditor.getByRole('button', { name: 'Guardar la revisión' }).click();
  await expect(auditor.getByRole('listitem').filter({ hasText: patient.family_name })).toContainText('Justificada');

  const own = await open({ token }, '/privacy');
  const access = own.getByRole('listitem').filter({ hasText: 'en urgencia' });
  await expect(access.first()).toContainText('Medicina');
});
