/** Dates, times, numbers and ages, by language and in the clinic's time zone. */

export interface Formats {
  readonly zone: string;
  readonly day: (at: string | Date) => string;
  readonly longDay: (at: string | Date) => string;
  readonly time: (at: string | Date) => string;
  readonly moment: (at: string | Date) => string;
  readonly month: (at: string | Date) => string;
  /** A calendar day (`2026-11-24`), which has no time zone. */
  readonly date: (day: string) => string;
  readonly number: (value: number) => string;
  readonly age: (birth: string, now?: Date) => number;
  readonly relative: (at: string | Date, now?: Date) => string;
}

const units = [
  ['year', 365 * 24 * 3600],
  ['month', 30 * 24 * 3600],
  ['day', 24 * 3600],
  ['hour', 3600],
  ['minute', 60],
] as const;

/** Made when it is first needed: a browser takes milliseconds for each, and the first screen needs none of them. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

export function formats(language: string, zone: string): Formats {
  const in24 = { hourCycle: 'h23' } as const;
  const local = (options: Intl.DateTimeFormatOptions) =>
    once(() => new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, { timeZone: zone, ...options }));
  const day = local({ day: 'numeric', month: 'short', year: 'numeric' });
  const longDay = local({ weekday: 'long', day: 'numeric', month: 'long' });
  const time = local({ hour: '2-digit', minute: '2-digit', ...in24 });
  const moment = local({
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    ...in24,
  });
  const month = local({ month: 'long', year: 'numeric' });
  const date = local({ timeZone: 'UTC', day: 'numeric', month: 'short', year: 'numeric' });
  const number = once(() => new Intl.NumberFormat(language, { maximumFractionDigits: 2 }));
  const relative = once(() => new Intl.RelativeTimeFormat(language, { numeric: 'auto' }));
  const as = (at: string | Date) => (typeof at === 'string' ? new Date(at) : at);
  return {
    zone,
    day: (at) => day().format(as(at)),
    longDay: (at) => longDay().format(as(at)),
    time: (at) => time().format(as(at)),
    moment: (at) => moment().format(as(at)),
    month: (at) => month().format(as(at)),
    date: (text) => date().format(new Date(`${text}T00:00:00Z`)),
    number: (value) => number().format(value),
    age: (birth, now = new Date()) => age(birth, dayIn(zone, now)),
    relative: (at, now = new Date()) => {
      const seconds = (as(at).getTime() - now.getTime()) / 1000;
      const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= size) ?? ['minute', 60];
      return relative().format(Math.round(seconds / size), unit);
    },
  };
}

/** The calendar day (`2026-11-24`) that it is in a zone at an instant. */
export function dayIn(zone: string, at: Date = new Date()): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(
    at,
  );
}

/** Full years between two calendar days. */
export function age(birth: string, today: string): number {
  const years = Number(today.slice(0, 4)) - Number(birth.slice(0, 4));
  return today.slice(5) < birth.slice(5) ? years - 1 : years;
}

/** The instant at which the clock of a zone shows this day and time. */
export function instant(zone: string, day: string, time = '00:00'): Date {
  const wanted = Date.parse(`${day}T${time}:00Z`);
  const shown = (at: number) => {
    const parts = new Intl.DateTimeFormat('en-CA', {
      timeZone: zone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
    }).formatToParts(at);
    const get = (type: string) => Number(parts.find((part) => part.type === type)?.value);
    return Date.UTC(get('year'), get('month') - 1, get('day'), get('hour'), get('minute'), get('second'));
  };
  // Twice: the first guess may lie on the other side of a change of the clock.
  let at = wanted - (shown(wanted) - wanted);
  at = at - (shown(at) - wanted);
  return new Date(at);
}

/** A calendar day, some days later. */
export function plusDays(day: string, days: number): string {
  const at = new Date(`${day}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + days);
  return at.toISOString().slice(0, 10);
}

/** The instant at which a calendar day has ended by the clock of a zone, as the API takes it. */
export function endOf(zone: string, day: string): string {
  return instant(zone, plusDays(day, 1)).toISOString();
}

/** The Monday of a day's week. */
export function monday(day: string): string {
  const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
  return plusDays(day, -((weekday + 6) % 7));
}
