/** What people, clinics and schedules are called: read once, used everywhere. */

import { queryOptions, useQuery } from '@tanstack/react-query';
import { api, data, type Schemas } from '../api/client';
import type { Me } from './session';

const minutes = 60_000;

interface PageOf<T> {
  items: T[];
  next?: string | null;
}

/** Every page of a list. Lists of people and places are short; 40 pages are more than any of them has. */
export async function all<T>(page: (cursor: string | undefined) => Promise<PageOf<T>>): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  for (let number = 0; number < 40; number += 1) {
    const { items: more, next } = await page(cursor);
    items.push(...more);
    if (next === undefined || next === null) break;
    cursor = next;
  }
  return items;
}

const paged = (cursor: string | undefined) => ({ limit: 100, ...(cursor === undefined ? {} : { cursor }) });

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

export function staffMemberQuery(id: string) {
  return queryOptions({
    queryKey: ['staff', id],
    queryFn: () => data(api().GET('/api/v1/staff/{id}', { params: { path: { id } } })),
    staleTime: 5 * minutes,
  });
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
  const ofStaff = (staff: string) => schedules.data?.find((each) => each.staff === staff);
  return { schedules, clinics, clinic, schedule, ofStaff };
}
