import { describe, expect, it } from 'vitest';
import type { Appointment } from '../patient/queries';
import { byDay, type Slot } from '../patient/slots';
import { placesOf } from './Board';

const slot = (id: string, starts_at: string) => ({ id, starts_at, free: true }) as Slot;
const visit = (id: string, slot: string, starts_at: string) => ({ id, slot, starts_at }) as Appointment;

describe('an agenda', () => {
  it('puts each appointment into its slot, and keeps one whose slot is gone', () => {
    const slots = [
      slot('b', '2026-11-24T09:00:00Z'),
      slot('a', '2026-11-24T08:00:00Z'),
      slot('z', '2026-11-25T08:00:00Z'),
    ];
    const visits = [visit('1', 'b', '2026-11-24T09:00:00Z'), visit('2', 'gone', '2026-11-24T08:30:00Z')];
    const places = placesOf('2026-11-24', 'Europe/Madrid', slots, visits);
    expect(places.map(({ key, appointment }) => [key, appointment?.id])).toEqual([
      ['a', undefined],
      ['2', '2'],
      ['b', '1'],
    ]);
  });

  it('begins its days at the clinic’s midnight', () => {
    const late = slot('late', '2026-11-24T23:30:00Z');
    expect(byDay([late], 'Europe/Madrid').map(([day]) => day)).toEqual(['2026-11-25']);
    expect(byDay([late], 'Atlantic/Canary').map(([day]) => day)).toEqual(['2026-11-24']);
  });
});
