import { describe, expect, it } from 'vitest';
import { renamed, substance, unnamed } from './medicines';

const chosen = renamed({ ...unnamed, dose: '1' }, 'Ibuprofeno 600 mg comprimidos');

describe('the name of a medicine', () => {
  it('fills in what is known of a usual one', () => {
    expect(chosen).toMatchObject({ atc: 'M01AE01', frequency: 'cada 8 horas', unit: 'comprimidos', dose: '1' });
    expect(substance(' m01ae01')).toBe('Ibuprofeno');
  });

  it('takes all of that with it when it is overtyped: the checks run on the code', () => {
    const other = renamed(chosen, 'Enantyum 25 mg');
    expect(other).toEqual({ ...unnamed, medication: 'Enantyum 25 mg', dose: '1' });
    // Letter by letter, too.
    expect(renamed(chosen, `${chosen.medication}x`).atc).toBe('');
  });

  it('leaves what was corrected by hand, but never the code', () => {
    const corrected = { ...chosen, frequency: 'cada 12 horas', atc: 'M01AE51' };
    expect(renamed(corrected, 'Otro')).toMatchObject({ frequency: 'cada 12 horas', atc: '', quantity: '' });
  });

  it('leaves a code that was typed for a name that is no usual one', () => {
    expect(renamed({ ...unnamed, medication: 'Enantyu', atc: 'M01AE17' }, 'Enantyum').atc).toBe('M01AE17');
    expect(substance('M01AE17')).toBeUndefined();
  });
});
