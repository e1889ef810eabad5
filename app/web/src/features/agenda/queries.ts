import { queryOptions } from '@tanstack/react-query';
import { api, data } from '../../api/client';

export function dayQuery(staff: string, from: string, to: string) {
  return queryOptions({
    queryKey: ['appointments', 'day', staff, from, to],
    queryFn: () => data(api().GET('/api/v1/appointments', { params: { query: { staff, from, to } } })),
    enabled: staff !== '',
  });
}

export function waitingQuery(schedule: string) {
  return queryOptions({
    queryKey: ['waiting', schedule],
    queryFn: () => data(api().GET('/api/v1/schedules/{id}/waiting', { params: { path: { id: schedule } } })),
    enabled: schedule !== '',
  });
}
