import { describe, expect, it, vi } from 'vitest';
import { Problem } from './problem';
import { attempt, intend } from './send';

describe('intentions', () => {
  it('keeps its key while the content stays, and gets another with other content', () => {
    const first = intend('{"slot":1}', undefined);
    expect(intend('{"slot":1}', first).key).toBe(first.key);
    expect(intend('{"slot":2}', first).key).not.toBe(first.key);
    expect(intend('{"slot":1}', undefined).key).not.toBe(first.key);
  });
});

describe('attempts', () => {
  it('repeats by itself what the API calls a matter of moments', async () => {
    vi.useFakeTimers();
    const once = vi
      .fn<() => Promise<string>>()
      .mockRejectedValueOnce(new Problem('busy', 503, {}, 1))
      .mockRejectedValueOnce(new Problem('outcome-unknown', 503))
      .mockResolvedValueOnce('done');
    const result = attempt(once);
    await vi.runAllTimersAsync();
    expect(await result).toBe('done');
    expect(once).toHaveBeenCalledTimes(3);
    vi.useRealTimers();
  });

  it('leaves everything else to the person', async () => {
    for (const kind of ['restoring', 'unreachable', 'changed', 'invalid']) {
      const once = vi.fn<() => Promise<string>>().mockRejectedValue(new Problem(kind, 503));
      await expect(attempt(once)).rejects.toMatchObject({ kind });
      expect(once).toHaveBeenCalledTimes(1);
    }
  });
});
