import { queryOptions } from '@tanstack/react-query';
import { api, data, type Schemas } from '../../api/client';
import { all, paged } from '../../app/names';

export type Appointment = Schemas['Appointment'];
export type Entry = Schemas['Entry'];
export type Prescription = Schemas['Prescription'];
export type Content = Schemas['Content'];

export function appointmentsQuery(patient: string) {
  return queryOptions({
    queryKey: ['appointments', 'of', patient],
    queryFn: () =>
      all((cursor) =>
        data(
          api().GET('/api/v1/patients/{id}/appointments', { params: { path: { id: patient }, query: paged(cursor) } }),
        ),
      ),
  });
}

export function appointmentQuery(patient: string, appointment: string) {
  const path = { id: patient, appointment };
  return queryOptions({
    queryKey: ['appointments', 'one', patient, appointment],
    queryFn: () => data(api().GET('/api/v1/patients/{id}/appointments/{appointment}', { params: { path } })),
  });
}

export function prescriptionsQuery(patient: string) {
  return queryOptions({
    queryKey: ['prescriptions', patient],
    queryFn: () =>
      all((cursor) =>
        data(
          api().GET('/api/v1/patients/{id}/prescriptions', { params: { path: { id: patient }, query: paged(cursor) } }),
        ),
      ),
  });
}

export function entriesQuery(patient: string, kind: Content['kind']) {
  return queryOptions({
    queryKey: ['entries', patient, kind],
    queryFn: () =>
      all((cursor) =>
        data(
          api().GET('/api/v1/patients/{id}/entries', {
            params: { path: { id: patient }, query: { kind, ...paged(cursor) } },
          }),
        ),
      ),
  });
}

export function careTeamQuery(patient: string) {
  return queryOptions({
    queryKey: ['care-team', patient],
    queryFn: () => data(api().GET('/api/v1/patients/{id}/care-team', { params: { path: { id: patient } } })),
  });
}

/** Something that has not ended. */
export const lasts = ({ until }: { until?: string | null }, now = new Date()) => !until || new Date(until) > now;

/** Still to come, or happening now, in order of time. */
export function upcoming(list: readonly Appointment[], now = new Date()): Appointment[] {
  return list
    .filter((each) => ['booked', 'arrived'].includes(each.status) && new Date(each.ends_at) > now)
    .sort((one, other) => one.starts_at.localeCompare(other.starts_at));
}

/** What counts: entries that were written by mistake stay readable in the timeline and nowhere else. */
export function standing(list: readonly Entry[]): Entry[] {
  return list.filter((entry) => entry.status !== 'entered-in-error');
}

/** The allergies that count now, what can kill first. */
export function allergiesOf(list: readonly Entry[]) {
  return standing(list)
    .flatMap(({ id, content }) => (content.kind === 'allergy' && content.resolved !== true ? [{ id, content }] : []))
    .sort((one, other) => Number(other.content.criticality === 'high') - Number(one.content.criticality === 'high'));
}
