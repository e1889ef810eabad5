/** From what somebody types to what the API looks for; and which of the found are meant most likely. */

import { api, data, type Schemas } from '../../api/client';

export type Patient = Schemas['Patient'];
export type Search = Schemas['PatientSearch'];

/** Without accents, in small letters: how names are compared. */
export function fold(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().trim();
}

/** A name, a document's number, a telephone number, a date of birth, or several of them, in any order. */
export function understand(text: string): Search | undefined {
  const search: Search = {};
  const words = [];
  let rest = text.trim();
  const date = /\b(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})\b/.exec(rest);
  if (date) {
    const [whole, day = '', month = '', year = ''] = date;
    search.birth_date = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
    rest = rest.replace(whole, ' ');
  }
  const phone = /(?:\+34[ ]?|\b0034[ ]?|\b)([6789]\d{2}[ ]?\d{3}[ ]?\d{3})\b(?![A-Za-z])/.exec(rest);
  if (phone) {
    search.phone = `+34${(phone[1] ?? '').replaceAll(' ', '')}`;
    rest = rest.replace(phone[0], ' ');
  }
  for (const word of rest.split(/\s+/).filter((each) => each !== '')) {
    if (/^(?=.*\d.*\d.*\d.*\d)[A-Za-z0-9.-]+$/.test(word)) search.document_number = word;
    else words.push(word);
  }
  const name = words.join(' ');
  if (fold(name).length >= 2) search.name = name;
  return Object.keys(search).length === 0 ? undefined : search;
}

/** Distance of two words: letters that are wrong, missing, too many, or swapped with their neighbour. */
export function distance(one: string, other: string): number {
  let before: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const cost = one[i - 1] === other[j - 1] ? 0 : 1;
      let best = Math.min((row[j - 1] ?? 0) + 1, (last[j] ?? 0) + 1, (last[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1])
        best = Math.min(best, (before[j - 2] ?? 0) + 1);
      row.push(best);
    }
    before = last;
    last = row;
  }
  return last[other.length] ?? 0;
}

/** How far what was typed is from a name: each typed word from the nearest beginning of a word of it. */
export function farFrom(typed: string, name: string): number {
  const words = fold(name).split(/[\s-]+/);
  return fold(typed)
    .split(/\s+/)
    .map((word) =>
      Math.min(
        ...words.map((each) =>
          Math.min(
            distance(word, each.slice(0, word.length)),
            distance(word, each.slice(0, word.length + 1)),
            distance(word, each),
          ),
        ),
      ),
    )
    .reduce((sum, each) => sum + each, 0);
}

/** The nearest first; what is further than a typing error or two per word is not meant. */
export function ranked(typed: string, patients: readonly Patient[]): Patient[] {
  const allowed = fold(typed)
    .split(/\s+/)
    .reduce((sum, word) => sum + (word.length >= 7 ? 2 : word.length >= 3 ? 1 : 0), 0);
  return patients
    .map((patient) => ({ patient, far: farFrom(typed, `${patient.given_name} ${patient.family_name}`) }))
    .filter(({ far }) => far <= allowed)
    .sort((one, other) => one.far - other.far || one.patient.family_name.localeCompare(other.patient.family_name))
    .map(({ patient }) => patient);
}

/** Other beginnings to look for when nothing begins as typed, from the most exact to the least. */
export function beginnings(name: string): string[] {
  const words = fold(name).split(/\s+/);
  const long = [...words].sort((one, other) => other.length - one.length);
  const short = words.map((word) => word.slice(0, Math.max(2, Math.ceil(word.length / 2)))).join(' ');
  const single = long.filter((word) => word.length >= 3).map((word) => word.slice(0, 3));
  const swapped = long.filter((word) => word.length >= 3).map((word) => `${word[1] ?? ''}${word[0] ?? ''}`);
  return [...new Set([short, ...single, ...swapped])].filter((each) => each !== fold(name)).slice(0, 5);
}

const shown = 12;

export interface Found {
  patients: Patient[];
  /** Nothing is called so; these are similar. */
  similar: boolean;
  /** There are others that are not shown. */
  more: boolean;
}

export async function find(text: string, signal: AbortSignal): Promise<Found> {
  const search = understand(text);
  if (!search) return { patients: [], similar: false, more: false };
  const ask = (body: Search) => data(api().POST('/api/v1/patients/search', { body, signal }));
  const exact = await ask({ ...search, limit: shown });
  if (exact.items.length > 0 || search.name === undefined || search.name === null)
    return { patients: exact.items, similar: false, more: Boolean(exact.next) };
  for (const name of beginnings(search.name)) {
    const near = await ask({ ...search, name, limit: 50 });
    const patients = ranked(search.name, near.items);
    if (patients.length > 0) {
      const more = patients.length > shown || Boolean(near.next);
      return { patients: patients.slice(0, shown), similar: true, more };
    }
  }
  return { patients: [], similar: false, more: false };
}
