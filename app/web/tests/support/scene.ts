/** One made-up situation in which every screen has something to show. */

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Schemas } from '../../src/api/client';
import {
  activated,
  as,
  book,
  entry,
  newPatient,
  prescribe,
  scheduleOf,
  stack,
  treat,
  withAccount,
  type Patient,
} from './api';
import { until } from './process';

export interface Scene {
  patient: Patient;
  account: { username: string; password: string; token: string };
  stranger: Patient;
  prescription: Schemas['Prescription'];
  schedule: Schemas['Schedule'];
  /** The patient acts for her. */
  child: Patient;
  /** The patient once more, registered by mistake. */
  twin: Patient;
  /** Their data is restricted. */
  restricted: Patient;
  /** Staff who signed in for the first time: nothing but a second factor can be done. */
  newcomer: { token: string };
}

type Outcome = Scene | { failed: string };

let made: Promise<Scene> | undefined;

/** One for all workers, so that nobody is there twice: the first one makes it, the others wait for it. */
export function scene(): Promise<Scene> {
  made ??= shared();
  return made;
}

async function shared(): Promise<Scene> {
  const { home } = stack();
  const file = join(home, 'scene.json');
  try {
    mkdirSync(join(home, 'scene'));
  } catch {
    await until('the scene', () => existsSync(file), 300);
    const outcome = JSON.parse(readFileSync(file, 'utf8')) as Outcome;
    if ('failed' in outcome) throw new Error(`the scene: ${outcome.failed}`);
    return outcome;
  }
  const tell = (outcome: Outcome) => {
    writeFileSync(`${file}.new`, JSON.stringify(outcome), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  };
  try {
    const own = await make();
    tell(own);
    return own;
  } catch (error) {
    // The others would wait for what is never there.
    tell({ failed: String(error) });
    throw error;
  }
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
  return {
    patient,
    account,
    stranger,
    prescription,
    schedule,
    newcomer: await newcomer(),
    ...(await office(patient)),
  };
}

async function newcomer() {
  const administrator = as('administrator');
  const person = { role: 'nurse', given_name: 'Teo', family_name: 'Nuevo Turno' };
  const { id } = await administrator.post<Schemas['StaffMember']>('/staff', person);
  return activated(`teo-${id.slice(-8)}`, (username) => administrator.post(`/staff/${id}/access`, { username }));
}

/** What the desk and the office of data protection have to do. */
async function office(patient: Patient) {
  const [desk, auditor, administrator] = [as('receptionist'), as('auditor'), as('administrator')];
  const child = await newPatient('Lucía', 'Ficticia Nogal');
  await desk.post(`/patients/${child.id}/guardians`, { guardian: patient.id, relationship: 'Madre' });
  await desk.post(`/patients/${patient.id}/guardians`, {
    guardian: (await newPatient('Héctor', 'Ficticio Salvador')).id,
    relationship: 'Hermano, apoderado',
    until: new Date(Date.now() + 200 * 24 * 3600 * 1000).toISOString(),
  });
  const twin = await newPatient('Carmen', 'Ficticia Salvado');
  const ask = (of: Patient, kind: string, wording: string) =>
    desk.post<Schemas['RightsRequest']>(`/patients/${of.id}/rights-requests`, { kind, wording });
  const decide = ({ patient: of, id, version }: Schemas['RightsRequest'], decision: string, explanation: string) =>
    auditor.post(
      `/patients/${of}/rights-requests/${id}/decision`,
      { decision, explanation },
      { 'If-Match': `"${version}"` },
    );
  const first = await ask(patient, 'access', 'Quiero una copia de todo para llevarla a otro centro.');
  await decide(first, 'granted', 'Se le entregó la copia en mano, en papel y como archivo.');
  await ask(patient, 'rectification', 'Mi segundo apellido es Salvador, no Salvado.');
  const restricted = await newPatient('Julián', 'Reservado Peña');
  const disputed = await ask(restricted, 'restriction', 'Discuto un diagnóstico; que nadie lo use mientras se aclara.');
  await auditor.put(
    `/patients/${restricted.id}/restriction`,
    { restricted: true, reason: 'Se discute la exactitud (artículo 18.1.a)' },
    restricted.version,
  );
  await decide(disputed, 'granted', 'Los datos quedan limitados hasta que se aclare.');
  await ask(restricted, 'objection', 'No quiero recibir encuestas.');
  const leaver = await newPatient('Olga', 'Marchante Vera');
  await treat(leaver.id);
  await entry(leaver.id, { kind: 'note', title: 'Consulta', text: 'Acude por lumbalgia.' });
  await ask(leaver, 'erasure', 'Me mudo; borren mis datos.');
  const plan = await auditor.get<Schemas['ErasureOutcome']>(`/patients/${leaver.id}/erasure`);
  await auditor.post(
    `/patients/${leaver.id}/erasure`,
    { reason: 'Petición de la persona' },
    { 'If-Match': `"${plan.version}"` },
  );
  await auditor.post('/research-exports', {
    project: 'Tensión y entorno rural',
    purpose: 'Estudio descriptivo. Comité de ética de la investigación, acta 14/2026.',
  });
  await administrator.post('/service-tokens', {
    name: 'Avisos por SMS',
    scopes: ['appointment.read', 'patient.read'],
    days: 90,
  });
  return { child, twin, restricted };
}
