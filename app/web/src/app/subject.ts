/** Whose data a patient looks at: their own, or that of somebody for whom they act. Chosen for one tab, gone at sign-out. */

import { queryOptions, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { api, data, type Schemas } from '../api/client';
import { useMe } from './session';

export type Ward = Schemas['Ward'];

const stored = 'galeno.acts-for';
const listeners = new Set<() => void>();

export function actFor(patient: string | undefined) {
  if (patient === undefined) sessionStorage.removeItem(stored);
  else sessionStorage.setItem(stored, patient);
  listeners.forEach((listener) => listener());
}

export function wardsQuery(guardian: string) {
  return queryOptions({
    queryKey: ['wards', guardian],
    queryFn: () => data(api().GET('/api/v1/patients/{id}/wards', { params: { path: { id: guardian } } })),
    staleTime: 5 * 60_000,
  });
}

export interface Subject {
  readonly id: string;
  /** Nobody: it is the person themself. */
  readonly ward: Ward | undefined;
  readonly wards: readonly Ward[];
  /** Somebody was chosen, and it is not known yet whether that still holds: until then nobody's data is shown. */
  readonly pending: UseQueryResult<Ward[]> | undefined;
}

export function useSubject(): Subject {
  const me = useMe();
  const acts = me.kind === 'patient' && !me.must_enrol;
  const query = useQuery({ ...wardsQuery(me.person), enabled: acts });
  const wards = query.data ?? [];
  const chosen = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => sessionStorage.getItem(stored),
  );
  // A guardianship that ended meanwhile is none.
  const ward = wards.find((each) => each.patient === chosen);
  const pending = acts && chosen !== null && query.data === undefined ? query : undefined;
  return { id: ward?.patient ?? me.person, ward, wards, pending };
}
