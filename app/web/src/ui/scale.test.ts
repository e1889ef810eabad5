import { describe, expect, it } from 'vitest';
import { scale, steps } from './scale';

describe('charts', () => {
  it('have few, round lines around what they show', () => {
    for (const [low, high] of [
      [95, 174],
      [36.1, 39.4],
      [70, 70],
      [0, 0],
      [0.2, 0.9],
    ] as const) {
      const ticks = steps(low, high);
      expect(ticks.length, `${low}..${high}`).toBeGreaterThanOrEqual(2);
      expect(ticks.length, `${low}..${high}`).toBeLessThanOrEqual(7);
      expect(ticks[0]).toBeLessThanOrEqual(low);
      expect(ticks.at(-1)).toBeGreaterThanOrEqual(high);
    }
  });

  it('put earlier to the left and more to the top, within the frame', () => {
    const frame = { left: 40, right: 460, top: 10, bottom: 120 };
    const { x, y } = scale(
      [
        { at: 0, value: 90 },
        { at: 10, value: 150 },
      ],
      [90, 120],
      frame,
    );
    expect([x(0), x(10)]).toEqual([40, 460]);
    expect(y(150)).toBeLessThan(y(90));
    expect(y(150)).toBeGreaterThanOrEqual(frame.top);
    expect(y(90)).toBeLessThanOrEqual(frame.bottom);
    expect(scale([{ at: 5, value: 1 }], undefined, frame).x(5)).toBe(250);
  });
});
