/** What tests do behind the page's back: the same API, with the tokens of the seeded people. */

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Schemas } from '../../src/api/client';

export type Role = 'physician' | 'nurse' | 'receptionist' | 'pharmacist' | 'administrator' | 'auditor' | 'patient';

export interface Account {
  username: string;
  password: string;
  secret: string | undefined;
  token: string;
  person: string;
}

export interface Stack {
  home: string;
  programs: { api: string; web: string };
  api: string;
  web: string;
  oidcSubject: string;
  accounts: Record<Role, Account>;
}

export const organization = 'san-telmo';

export function stack(): Stack {
  return JSON.parse(readFileSync('.cache/stack.json', 'utf8')) as Stack;
}

export async function call<T>(
  api: string,
  token: string | undefined,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<T> {
  const request: RequestInit = {
    method,
    headers: {
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(method === 'GET' ? {} : { 'Idempotency-Key': randomUUID() }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
  let response = await fetch(`${api}/api/v1${path}`, request);
  // A busy machine: the API says when to ask again, or that it took too long; the key makes that harmless.
  for (let attempt = 1; [503, 504].includes(response.status) && attempt < 6; attempt += 1) {
    const seconds = Number(response.headers.get('Retry-After') ?? 1);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    response = await fetch(`${api}/api/v1${path}`, request);
  }
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

/** The API as one of the seeded people. */
export function as(role: Role) {
  const { api, accounts } = stack();
  const { token, person } = accounts[role];
  return {
    person,
    get: <T>(path: string) => call<T>(api, token, 'GET', path),
    post: <T>(path: string, body?: unknown, headers?: Record<string, string>) =>
      call<T>(api, token, 'POST', path, body, headers),
    put: <T>(path: string, body: unknown, version: number) =>
      call<T>(api, token, 'PUT', path, body, { 'If-Match': `"${version}"` }),
  };
}

export type Patient = Schemas['Patient'];

let number = 0;

/** A new patient with a name that nobody else has. */
export async function newPatient(given = 'Prueba', family?: string): Promise<Patient> {
  number += 1;
  const mark = Array.from(
    `${process.pid}${Date.now() % 1_000_000}${number}`,
    (digit) => 'bcdfghjklm'[Number(digit)],
  ).join('');
  const last = family ?? `Zu${mark}`;
  return as('receptionist').post<Patient>('/patients', {
    not_a_duplicate: true,
    patient: {
      given_name: given,
      family_name: last,
      birth_date: '1961-04-09',
      sex: 'female',
      language: 'es',
      phone: `+3469${String(Math.floor(Math.random() * 1e7)).padStart(7, '0')}`,
    },
  });
}

/** The seeded physician treats the patient from now on. */
export async function treat(patient: string, role: 'physician' | 'nurse' = 'physician'): Promise<void> {
  await as('administrator').post(`/patients/${patient}/care-team`, {
    staff: stack().accounts[role].person,
    reason: 'Prueba',
  });
}

/** A patient with an account; returns the session's token. */
export async function withAccount(patient: Patient): Promise<{ username: string; password: string; token: string }> {
  return activated(`p-${patient.id.slice(-12)}`, (username) =>
    as('receptionist').post(`/patients/${patient.id}/access`, { username }),
  );
}

/** Activates an access that somebody is given, and signs in with it. */
export async function activated(
  username: string,
  give: (username: string) => Promise<Schemas['Access']>,
): Promise<{ username: string; password: string; token: string }> {
  const { api } = stack();
  const access = await give(username);
  const password = `brisa-${randomUUID()}`;
  await call(api, undefined, 'POST', '/auth/sign-in/activate', {
    organization,
    username,
    code: access.activation_code,
    password,
  });
  const state = await call<{ token: string }>(api, undefined, 'POST', '/auth/sign-in', {
    organization,
    username,
    password,
  });
  return { username, password, token: state.token };
}

/** Every page of a list: what journeys add makes it longer. */
async function every<T>(path: string): Promise<T[]> {
  const items: T[] = [];
  for (let cursor: string | undefined = ''; cursor !== undefined;) {
    const page: { items: T[]; next?: string | null } = await as('receptionist').get(`${path}?limit=100${cursor}`);
    items.push(...page.items);
    cursor = page.next ? `&cursor=${page.next}` : undefined;
  }
  return items;
}

export async function scheduleOf(role: 'physician'): Promise<Schemas['Schedule']> {
  const person = stack().accounts[role].person;
  const own = (await every<Schemas['Schedule']>('/schedules')).find((each) => each.staff === person);
  if (!own) throw new Error('the physician has no schedule');
  return own;
}

/**
 * The schedule of a service in a clinic (`ST1` and `ST2` are seeded). A journey that counts on a certain time takes one that
 * no journey of another file books.
 */
export async function scheduleAt(clinic: string, service: string): Promise<Schemas['Schedule']> {
  const place = (await every<Schemas['Clinic']>('/clinics')).find(({ code }) => code === clinic);
  const schedules = await every<Schemas['Schedule']>('/schedules');
  const found = schedules.find((each) => each.name === service && each.clinic === place?.id);
  if (!found) throw new Error(`no ${service} in ${clinic}`);
  return found;
}

export async function freeSlots(schedule: string, from?: Date): Promise<Schemas['Slot'][]> {
  const start = from === undefined ? '' : `&from=${from.toISOString()}`;
  const slots = await as('receptionist').get<Schemas['Slot'][]>(`/slots?schedule=${schedule}${start}`);
  return slots.filter((slot) => slot.free && new Date(slot.starts_at) > new Date());
}

/** Books a free slot, another one when somebody is faster, or when it begins just now. */
export async function book(
  patient: string,
  schedule: string,
  reason: string,
  skip = 0,
  from?: Date,
): Promise<Schemas['Appointment']> {
  for (const slot of (await freeSlots(schedule, from)).slice(skip)) {
    try {
      return await as('receptionist').post<Schemas['Appointment']>(`/patients/${patient}/appointments`, {
        slot: slot.id,
        reason,
      });
    } catch (error) {
      if (!/slot-taken|: 422 .*"\/slot"/.test(String(error))) throw error;
    }
  }
  throw new Error('no free slot');
}

/** A signed prescription. */
export async function prescribe(
  patient: string,
  medication: string,
  atc: string,
  quantity = 28,
): Promise<Schemas['Prescription']> {
  const physician = as('physician');
  const content = {
    medication,
    atc,
    dose: '1',
    route: 'oral',
    frequency: 'cada 24 horas',
    quantity,
    unit: 'comprimidos',
  };
  const { prescription, warnings } = await physician.post<Schemas['Checked']>(
    `/patients/${patient}/prescriptions`,
    content,
  );
  const overrides = warnings.map(({ id }) => ({ warning: id, reason: 'Prueba' }));
  return physician.post(
    `/patients/${patient}/prescriptions/${prescription.id}/sign`,
    { overrides },
    { 'If-Match': `"${prescription.version}"` },
  );
}

export async function entry(patient: string, content: object): Promise<Schemas['Entry']> {
  return as('physician').post(`/patients/${patient}/entries`, { content });
}

/** What a browser that is signed in holds: a cookie that scripts cannot read. */
export function storage(token: string) {
  const cookie = {
    name: '__Host-galeno',
    value: token,
    domain: 'localhost',
    path: '/',
    expires: -1,
    httpOnly: true,
    secure: true,
    sameSite: 'Strict' as const,
  };
  return { cookies: [cookie], origins: [] };
}
