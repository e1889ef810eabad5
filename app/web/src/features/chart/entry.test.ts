import { describe, expect, it } from 'vitest';
import type { Content } from '../patient/queries';
import { titleOf, unitWords, withWords, wordsOf } from './entry';

const observation: Content = {
  kind: 'observation',
  loinc: '8480-6',
  description: 'Presión arterial sistólica',
  value: { type: 'quantity', value: 128, unit: 'mm[Hg]' },
  observed_at: '2026-11-24T10:00:00Z',
};

describe('an entry in a line', () => {
  it('says what, how much and in which unit people write', () => {
    expect(titleOf(observation, String)).toEqual({ main: 'Presión arterial sistólica', rest: '128 mmHg' });
    expect(titleOf({ kind: 'note', title: 'Consulta', text: 'Bien.' }, String)).toEqual({
      main: 'Consulta',
      text: 'Bien.',
    });
  });
});

it('units are changed as a whole or not at all, in every language', () => {
  expect(['mm[Hg]', 'Cel', '/min', 'mL/min', 'mg/dL'].map(unitWords)).toEqual([
    'mmHg',
    '°C',
    '/min',
    'mL/min',
    'mg/dL',
  ]);
});

describe('an amendment', () => {
  it('keeps the kind and everything but the words', () => {
    expect(wordsOf(observation)).toBe('128');
    expect(withWords(observation, '12,5')).toEqual({
      ...observation,
      value: { type: 'quantity', value: 12.5, unit: 'mm[Hg]' },
    });
    const note: Content = { kind: 'note', title: 'Consulta', text: 'Bien.' };
    expect(withWords(note, 'Mejor.')).toEqual({ ...note, text: 'Mejor.' });
  });
});
