import { describe, expect, it } from 'vitest';
import { asProblem, Problem } from '../api/problem';
import { make } from '../i18n';
import es from '../i18n/es';
import { faultWords, problemWords } from './page';

const { t, word } = make('es', es, 'Europe/Madrid');
const detail = (kind: string) => problemWords(new Problem(kind, 503, { title: 'x' }), t).detail;

describe('a failure', () => {
  it('says that nothing was saved only where that is known', () => {
    for (const kind of ['unreachable', 'unavailable', 'outcome-unknown'])
      expect(detail(kind)).toBe(t('problem.unsure'));
    for (const kind of ['busy', 'restoring', 'database-unavailable', 'timed-out'])
      expect(detail(kind)).toBe(t('problem.kept'));
  });

  it('speaks the language of people, whatever failed', () => {
    expect(problemWords(asProblem(new TypeError('x is undefined')), t).title).toBe(t('problem.page'));
    expect(faultWords({ pointer: '/patient/postal_code', detail: 'Cinco cifras.' }, word)).toBe(
      'Código postal: Cinco cifras.',
    );
    expect(faultWords({ pointer: '/content/loinc', detail: 'No es un código.' }, word)).toBe('No es un código.');
  });
});
