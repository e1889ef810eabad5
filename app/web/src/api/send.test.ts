import { describe, expect, it, vi } from 'vitest';
import { Problem } from './problem';
import { attempt, Keys } from './send';

describe('intentions', () => {
  it('have one key until they have a clear end, whatever else is sent meanwhile', () => {
    const keys = new Keys();
    const first = keys.of('{"slot":1}');
    const second = keys.of('{"slot":2}');
    expect(second).not.toBe(first);
    keys.forget('{"slot":2}');
    expect(keys.of('{"slot":1}')).toBe(first);
    expect(keys.of('{"slot":2}')).not.toBe(second);
    keys.forget();
    expect(keys.of('{"slot":1}')).not.toBe(first);
  });

  it('keep it over a reload', () => {
    let kept: readonly (readonly [string, string])[] = [];
    const before = new Keys((held) => (kept = held));
    const key = before.of('{"text":"tos"}');
    const after = new Keys();
    after.restore(kept);
    expect(after.of('{"text":"tos"}')).toBe(key);
    before.forget();
    expect(kept).toEqual([]);
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
