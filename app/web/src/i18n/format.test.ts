import { describe, expect, it } from 'vitest';
import { age, dayIn, endOf, formats, instant, monday, plusDays } from './format';

describe('times of the clinic', () => {
  it('shows the clock of the clinic, whatever the browser thinks', () => {
    const at = '2026-07-01T22:30:00Z';
    expect(formats('es', 'Europe/Madrid').time(at)).toBe('00:30');
    expect(formats('es', 'Atlantic/Canary').time(at)).toBe('23:30');
    expect(dayIn('Europe/Madrid', new Date(at))).toBe('2026-07-02');
    expect(dayIn('Atlantic/Canary', new Date(at))).toBe('2026-07-01');
  });

  it('finds the instant of a wall clock on both sides of a change', () => {
    expect(instant('Europe/Madrid', '2026-10-25', '01:00').toISOString()).toBe('2026-10-24T23:00:00.000Z');
    expect(instant('Europe/Madrid', '2026-10-25', '09:00').toISOString()).toBe('2026-10-25T08:00:00.000Z');
    expect(instant('Europe/Madrid', '2026-03-29', '09:00').toISOString()).toBe('2026-03-29T07:00:00.000Z');
    expect(instant('Europe/Madrid', '2026-03-29').toISOString()).toBe('2026-03-28T23:00:00.000Z');
  });

  it('counts days and weeks on the calendar', () => {
    expect(plusDays('2026-02-28', 1)).toBe('2026-03-01');
    expect(monday('2026-11-29')).toBe('2026-11-23');
    expect(monday('2026-11-23')).toBe('2026-11-23');
    expect(endOf('Europe/Madrid', '2026-10-25')).toBe('2026-10-25T23:00:00.000Z');
  });
});

describe('ages', () => {
  it('turn on the birthday', () => {
    expect(age('2000-11-24', '2026-11-23')).toBe(25);
    expect(age('2000-11-24', '2026-11-24')).toBe(26);
    expect(age('2004-02-29', '2026-02-28')).toBe(21);
  });
});

describe('languages', () => {
  it('write dates and numbers their own way', () => {
    const [es, en] = [formats('es', 'Europe/Madrid'), formats('en', 'Europe/Madrid')];
    expect(es.date('2026-11-24')).toBe('24 nov 2026');
    expect(en.date('2026-11-24')).toBe('24 Nov 2026');
    expect(es.number(36.6)).toBe('36,6');
    expect(en.number(36.6)).toBe('36.6');
    expect(es.relative(new Date(0), new Date(3 * 24 * 3600 * 1000))).toBe('hace 3 días');
  });
});
