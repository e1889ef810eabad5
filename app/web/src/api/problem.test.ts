import { describe, expect, it } from 'vitest';
import { problemOf, seconds } from './problem';

const answer = (status: number, headers: Record<string, string> = {}) => new Response(null, { status, headers });

describe('problems', () => {
  it('keeps what the API says', () => {
    const problem = problemOf(answer(422), {
      type: 'urn:galeno:problem:invalid',
      title: 'Algún dato no es válido.',
      instance: 'abc',
      errors: [{ pointer: '/patient/phone', detail: 'No es un teléfono.' }],
    });
    expect([problem.kind, problem.passing, problem.conflict, problem.request]).toEqual([
      'invalid',
      false,
      false,
      'abc',
    ]);
    expect(problem.field('phone')).toBe('No es un teléfono.');
    expect(problem.field('email')).toBeUndefined();
  });

  it('knows a proxy that answers for an API that is away', () => {
    const problem = problemOf(answer(503, { 'Retry-After': '30' }), undefined);
    expect([problem.kind, problem.passing, problem.retryAfter]).toEqual(['unavailable', true, 30]);
    // One that has just begun knows no way to the API yet, or lost it.
    for (const status of [404, 500, 502])
      expect(problemOf(answer(status), '404 page not found').kind).toBe('unavailable');
  });

  it('takes 409 and 412 for conflicts and 500 for a failure', () => {
    expect(problemOf(answer(412), {}).conflict).toBe(true);
    expect(problemOf(answer(409), {}).conflict).toBe(true);
    expect(problemOf(answer(500), { type: 'urn:galeno:problem:internal' }).passing).toBe(false);
  });

  it('reads both forms of Retry-After', () => {
    const now = Date.parse('2026-11-24T10:00:00Z');
    expect(seconds('7', now)).toBe(7);
    expect(seconds('Tue, 24 Nov 2026 10:00:05 GMT', now)).toBe(5);
    expect(seconds('soon', now)).toBeUndefined();
    expect(seconds(null, now)).toBeUndefined();
  });
});
