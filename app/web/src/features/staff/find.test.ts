import { describe, expect, it } from 'vitest';
import { beginnings, distance, farFrom, ranked, understand, type Patient } from './find';

const named = (given_name: string, family_name: string) => ({ given_name, family_name }) as Patient;

describe('what somebody types', () => {
  it('is a name, a number, a telephone, a date of birth, or several of them', () => {
    expect(understand('garcía mar')).toEqual({ name: 'garcía mar' });
    expect(understand('90000095Z')).toEqual({ document_number: '90000095Z' });
    expect(understand('SYN0000079')).toEqual({ document_number: 'SYN0000079' });
    expect(understand('999 000 095')).toEqual({ phone: '+34999000095' });
    expect(understand('+34999000095')).toEqual({ phone: '+34999000095' });
    expect(understand('garcía 9/10/1965')).toEqual({ name: 'garcía', birth_date: '1965-10-09' });
    expect(understand('  a ')).toBeUndefined();
  });
});

describe('typing errors', () => {
  it('count one each, swaps too', () => {
    expect(distance('gracia', 'garcia')).toBe(1);
    expect(distance('martines', 'martinez')).toBe(1);
    expect(distance('lopez', 'lopez')).toBe(0);
    expect(distance('', 'abc')).toBe(3);
  });

  it('and accents are forgiven; others are not meant', () => {
    expect(farFrom('garcia mart', 'Marta García Suárez')).toBe(0);
    const people = [named('Pablo', 'García Molina'), named('Marta', 'Gracia Ruiz'), named('Luis', 'Gómez Gil')];
    expect(ranked('gracía', people).map((each) => each.family_name)).toEqual(['Gracia Ruiz', 'García Molina']);
    expect(ranked('zzzz', people)).toEqual([]);
  });

  it('lead to beginnings that the right name still has', () => {
    for (const [typed, word] of [
      ['gonzales', 'gonzalez'],
      ['rodirguez', 'rodriguez'],
      ['jimenes', 'jimenez'],
    ] as const) {
      expect(
        beginnings(typed).some((beginning) => word.startsWith(beginning)),
        typed,
      ).toBe(true);
    }
    expect(beginnings('agrcia').some((beginning) => 'garcia'.startsWith(beginning))).toBe(true);
  });
});
