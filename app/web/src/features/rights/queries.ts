import { queryOptions } from '@tanstack/react-query';
import { api, data, type Schemas } from '../../api/client';
import { all } from '../../app/names';

export type RightsRequest = Schemas['RightsRequest'];
export type Fate = Schemas['Fate'];
export type Outcome = Schemas['ErasureOutcome'];

export const rights = ['access', 'rectification', 'erasure', 'restriction', 'objection'] as const;

const paged = (cursor: string | undefined) => ({ limit: 100, ...(cursor === undefined ? {} : { cursor }) });
const of = (id: string) => ({ params: { path: { id } } });

/** What was asked for about one person's data, the newest first. */
export function requestsQuery(patient: string) {
  return queryOptions({
    queryKey: ['rights', 'of', patient],
    queryFn: async () => [...(await data(api().GET('/api/v1/patients/{id}/rights-requests', of(patient))))].reverse(),
  });
}

/** What waits for a decision in the whole organization, the oldest first. */
export const openRequestsQuery = queryOptions({
  queryKey: ['rights', 'open'],
  queryFn: () => all((cursor) => data(api().GET('/api/v1/rights-requests', { params: { query: paged(cursor) } }))),
});

export function restrictionQuery(patient: string) {
  return queryOptions({
    queryKey: ['restriction', patient],
    queryFn: () => data(api().GET('/api/v1/patients/{id}/restriction', of(patient))),
  });
}

/** What an erasure would do now. */
export function erasurePlanQuery(patient: string) {
  return queryOptions({
    queryKey: ['erasure', patient],
    queryFn: () => data(api().GET('/api/v1/patients/{id}/erasure', of(patient))),
    // It is looked at before something that has no way back: never from before.
    staleTime: 0,
    gcTime: 0,
  });
}

export const erasuresQuery = queryOptions({
  queryKey: ['erasures'],
  queryFn: () => all((cursor) => data(api().GET('/api/v1/erasures', { params: { query: paged(cursor) } }))),
});

const day = 24 * 3600 * 1000;

/** How near the law's last day is. */
export function urgency(due: string, now = Date.now()): 'late' | 'soon' | 'calm' {
  const left = Date.parse(due) - now;
  return left < 0 ? 'late' : left < 7 * day ? 'soon' : 'calm';
}
