import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { quiet, watchPresence } from './presence';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('ends some minutes after the last sign of somebody, and begins with the next one', () => {
  const screen = new EventTarget();
  const seen: boolean[] = [];
  const stop = watchPresence(screen, (present) => seen.push(present));
  vi.advanceTimersByTime(quiet - 1);
  screen.dispatchEvent(new Event('keydown'));
  vi.advanceTimersByTime(quiet - 1);
  expect(seen).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(seen).toEqual([false]);
  for (const sign of ['pointermove', 'touchstart', 'wheel']) screen.dispatchEvent(new Event(sign));
  expect(seen).toEqual([false, true]);
  stop();
  vi.advanceTimersByTime(10 * quiet);
  screen.dispatchEvent(new Event('keydown'));
  expect(seen).toEqual([false, true]);
});
