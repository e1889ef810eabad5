/** What people, clinics and schedules are called: read once, used everywhere. */

import { queryOptions, useQuery } from '@tanstack/react-query';
import { api, data, type Schemas } from '../api/client';
import { asProblem } from '../api/problem';
import { useI18n, type I18n } from '../i18n';
import type { Me } from './session';

const minutes = 60_000;

interface PageOf<T> {
  items: T[];
  next?: string | null;
}

/** Every page of a list, to the last one: what is left out silently is taken for what is not there. */
export async function all<T>(page: (cursor: string | undefined) => Promise<PageOf<T>>): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  for (;;) {
    const { items: more, next } = await page(cursor);
    items.push(...more);
    if (next === undefined || next === null || next === cursor) return items;
    cursor = next;
  }
}

/** The API gives 200 at most: the rest is asked for from the last one's beginning on, where others may begin, too. */
const most = 200;

/** Everything between two times, from a list that is cut. */
export async function whole<T extends { id: string; starts_at: string }>(
  from: string,
  ask: (from: string) => Promise<T[]>,
): Promise<T[]> {
  const found = new Map<string, T>();
  for (let start = from; ;) {
    const more = await ask(start);
    for (const each of more) found.set(each.id, each);
    const last = more.at(-1);
    if (more.length < most || !last || last.starts_at === start) return [...found.values()];
    start = last.starts_at;
  }
}

/** The query of one page, as large as the API gives it. */
export const paged = (cursor: string | undefined) => ({ limit: 100, ...(cursor === undefined ? {} : { cursor }) });

export const staffQuery = queryOptions({
  queryKey: ['staff'],
  queryFn: () => all((cursor) => data(api().GET('/api/v1/staff', { params: { query: paged(cursor) } }))),
  staleTime: 5 * minutes,
});

export const clinicsQuery = queryOptions({
  queryKey: ['clinics'],
  queryFn: () => all((cursor) => data(api().GET('/api/v1/clinics', { params: { query: paged(cursor) } }))),
  staleTime: 5 * minutes,
});

export const schedulesQuery = queryOptions({
  queryKey: ['schedules'],
  queryFn: () => all((cursor) => data(api().GET('/api/v1/schedules', { params: { query: paged(cursor) } }))),
  staleTime: 5 * minutes,
});

export function patientQuery(id: string) {
  return queryOptions({
    queryKey: ['patient', id],
    queryFn: () => data(api().GET('/api/v1/patients/{id}', { params: { path: { id } } })),
    staleTime: minutes,
  });
}

/** What a list calls a patient: the name, or why there is none. */
export function usePatientLabel(id: string) {
  const { t } = useI18n();
  const query = useQuery(patientQuery(id));
  return { patient: query.data, label: query.data ? listed(query.data) : withoutName(query, t) };
}

/** No name: it is on its way, or the data is restricted to others. */
export function withoutName({ isError, error }: { isError: boolean; error: unknown }, t: I18n['t']): string {
  return isError && !asProblem(error).passing ? t('patient.limited') : '…';
}

interface Named {
  given_name: string;
  family_name: string;
}

export const full = (person: Named) => `${person.given_name} ${person.family_name}`;

/** As lists are sorted and called out in a waiting room. */
export const listed = (person: Named) => `${person.family_name}, ${person.given_name}`;

export function myName(me: Me) {
  return queryOptions({
    queryKey: ['my-name', me.person],
    queryFn: async () => {
      const params = { params: { path: { id: me.person } } };
      const named: Named =
        me.kind === 'patient'
          ? await data(api().GET('/api/v1/patients/{id}', params))
          : await data(api().GET('/api/v1/staff/{id}', params));
      return full(named);
    },
    staleTime: Infinity,
  });
}

/** The name of a member of staff, by identifier. */
export function useStaffNames(enabled = true): (id: string) => string | undefined {
  const staff = useQuery({ ...staffQuery, enabled });
  return (id) => {
    const member = staff.data?.find((each) => each.id === id);
    return member && full(member);
  };
}

export type Schedule = Schemas['Schedule'];
export type Clinic = Schemas['Clinic'];

/** What a schedule and its clinic are called, by the member of staff whose time it is. */
export function usePlaces() {
  const schedules = useQuery(schedulesQuery);
  const clinics = useQuery(clinicsQuery);
  const clinic = (id: string | undefined) => clinics.data?.find((each) => each.id === id);
  const schedule = (id: string | undefined) => schedules.data?.find((each) => each.id === id);
  const allOf = (staff: string) => (schedules.data ?? []).filter((each) => each.staff === staff);
  /** Of a member of staff with several, none: an address that may be the wrong one is worse than no address. */
  const ofStaff = (staff: string) => {
    const [only, another] = allOf(staff);
    return another === undefined ? only : undefined;
  };
  return { schedules, clinics, clinic, schedule, allOf, ofStaff };
}
