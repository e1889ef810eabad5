import { expect, it } from 'vitest';
import { score } from './score';

it('is what the curves say at their control points', () => {
  expect(score({ fcp: 1800, si: 3387, lcp: 2500, tbt: 200, cls: 0.1 })).toBe(90);
  expect(score({ fcp: 3000, si: 5800, lcp: 4000, tbt: 600, cls: 0.25 })).toBe(50);
  expect(score({ fcp: 900, si: 900, lcp: 900, tbt: 0, cls: 0 })).toBe(100);
  expect(score({ fcp: 30_000, si: 30_000, lcp: 30_000, tbt: 9000, cls: 2 })).toBe(0);
});
