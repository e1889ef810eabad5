import { queryOptions } from '@tanstack/react-query';
import { api, data } from '../../api/client';
import { all, paged, whole } from '../../app/names';

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
