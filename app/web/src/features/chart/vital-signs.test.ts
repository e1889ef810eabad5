import { describe, expect, it } from 'vitest';
import type { Entry } from '../patient/queries';
import { parsed, series } from './vital-signs';

const measured = (loinc: string, value: number, unit: string, at: string) =>
  ({
    content: {
      kind: 'observation',
      loinc,
      description: loinc,
      value: { type: 'quantity', value, unit },
      observed_at: at,
    },
  }) as Entry;

describe('measurements', () => {
  it('are apart by what and unit, in order of time', () => {
    const all = series([
      measured('8867-4', 71, '/min', '2026-02-01T00:00:00Z'),
      measured('8480-6', 130, 'mm[Hg]', '2026-03-01T00:00:00Z'),
      measured('8480-6', 120, 'mm[Hg]', '2026-01-01T00:00:00Z'),
      measured('2339-0', 5.4, 'mmol/L', '2026-01-01T00:00:00Z'),
      { content: { kind: 'note', title: 'x', text: 'y' } } as Entry,
    ]);
    expect(all.map((each) => each.loinc)).toEqual(['8480-6', '8867-4', '2339-0']);
    expect(all[0]?.points.map((point) => point.value)).toEqual([120, 130]);
    expect(all[0]?.range).toEqual([90, 139]);
    // Another unit than the one of the usual range: no range is better than a wrong one.
    expect(all[2]?.range).toBeUndefined();
  });

  it('are typed with a comma or a point, and nothing else is a number', () => {
    expect(parsed('36,6')).toBe(36.6);
    expect(parsed(' 120 ')).toBe(120);
    expect(parsed('12o')).toBeUndefined();
    expect(parsed('')).toBeUndefined();
    expect(parsed('1e3')).toBeUndefined();
  });
});
