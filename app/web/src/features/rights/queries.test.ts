import { expect, it } from 'vitest';
import { urgency } from './queries';

it('says how near the last day is', () => {
  const now = Date.parse('2026-11-29T12:00:00Z');
  expect(urgency('2026-12-20T00:00:00Z', now)).toBe('calm');
  expect(urgency('2026-12-06T11:59:00Z', now)).toBe('soon');
  expect(urgency('2026-11-29T11:59:00Z', now)).toBe('late');
});
