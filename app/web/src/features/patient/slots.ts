import { queryOptions, useQueries, type QueryClient } from '@tanstack/react-query';
import { api, data, type Schemas } from '../../api/client';
import { usePlaces, whole, type Schedule } from '../../app/names';
import { useI18n } from '../../i18n';
import { dayIn, endOf, instant } from '../../i18n/format';
import type { Appointment } from './queries';

export type Slot = Schemas['Slot'];

export function slotsQuery(schedule: string, from: string, to: string, everything = false) {
  return queryOptions({
    queryKey: ['slots', schedule, from, to, everything],
    queryFn: () =>
      whole(from, (start) => {
        const query = { schedule, from: start, to, ...(everything ? { all: true } : {}) };
        return data(api().GET('/api/v1/slots', { params: { query } }));
      }),
    enabled: schedule !== '',
  });
}

/**
 * The schedule of an appointment. Whoever holds several has the appointment's slot in one of them; until that one is found
 * it is none of them.
 */
export function useScheduleOf({ staff, slot, starts_at }: Appointment): Schedule | undefined {
  const { f } = useI18n();
  const own = usePlaces().allOf(staff);
  const day = dayIn(f.zone, new Date(starts_at));
  const [from, to] = [instant(f.zone, day).toISOString(), endOf(f.zone, day)];
  const several = own.length > 1 ? own : [];
  const slots = useQueries({ queries: several.map((each) => slotsQuery(each.id, from, to, true)) });
  if (several.length === 0) return own[0];
  return several.find((_, index) => slots[index]?.data?.some((each) => each.id === slot));
}

/** Somebody was faster: the slot is no longer offered, not even while the list is being read again. */
export function taken(client: QueryClient, slot: Slot) {
  client.setQueriesData<Slot[]>({ queryKey: ['slots'] }, (list) =>
    list?.map((each) => (each.id === slot.id ? { ...each, free: false } : each)),
  );
  return client.invalidateQueries({ queryKey: ['slots'] });
}

/** Slots by the clinic's calendar day. */
export function byDay(slots: readonly Slot[], zone: string): [string, Slot[]][] {
  const days = new Map<string, Slot[]>();
  for (const slot of slots) {
    const day = dayIn(zone, new Date(slot.starts_at));
    days.set(day, [...(days.get(day) ?? []), slot]);
  }
  return [...days];
}
