import { describe, expect, it } from 'vitest';
import { differences, merged, type Fields } from './merge';

const base: Fields = { phone: '1', email: 'a@x', address: null, language: 'es' };

describe('a conflict', () => {
  it('takes from each what they changed, and asks where both did', () => {
    const mine: Fields = { ...base, phone: '2', address: 'Calle Mayor 1' };
    const theirs: Fields = { ...base, phone: '3', email: 'b@x' };
    const found = differences(base, mine, theirs);
    expect(found.map(({ field, suggested, both }) => [field, suggested, both])).toEqual([
      ['phone', 'mine', true],
      ['email', 'theirs', false],
      ['address', 'mine', false],
    ]);
    const chosen = Object.fromEntries(found.map(({ field, suggested }) => [field, suggested]));
    expect(merged(mine, theirs, chosen)).toEqual({
      phone: '2',
      email: 'b@x',
      address: 'Calle Mayor 1',
      language: 'es',
    });
    expect(merged(mine, theirs, { ...chosen, phone: 'theirs' })['phone']).toBe('3');
  });

  it('is none when both wrote the same, or nothing', () => {
    expect(differences(base, { ...base, phone: '2' }, { ...base, phone: '2' })).toEqual([]);
    expect(differences(base, { ...base, address: '' }, base)).toEqual([]);
  });
});
