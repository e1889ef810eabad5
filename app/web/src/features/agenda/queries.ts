import { queryOptions } from '@tanstack/react-query';
import { api, data } from '../../api/client';
import { all, paged } from '../../app/names';

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

export function dayQuery(staff: string, from: string, to: string) {
  return queryOptions({
    queryKey: ['appointments', 'day', staff, from, to],
    queryFn: () =>
      whole(from, (start) =>
        data(api().GET('/api/v1/appointments', { params: { query: { staff, from: start, to } } })),
      ),
    enabled: staff !== '',
  });
}

export function waitingQuery(schedule: string) {
  return queryOptions({
    queryKey: ['waiting', schedule],
    queryFn: () =>
      all((cursor) =>
        data(api().GET('/api/v1/schedules/{id}/waiting', { params: { path: { id: schedule }, query: paged(cursor) } })),
      ),
    enabled: schedule !== '',
  });
}
