export interface Point {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly value: number;
}

interface Frame {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** From times and values to places in a frame. The usual range is always in sight. */
export function scale(points: readonly Point[], range: readonly [number, number] | undefined, frame: Frame) {
  const values = [...points.map((point) => point.value), ...(range ?? [])];
  const ticks = steps(Math.min(...values), Math.max(...values));
  const [low, high] = [ticks[0] ?? 0, ticks.at(-1) ?? 1];
  const times = points.map((point) => point.at);
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const round = (value: number) => Math.round(value * 10) / 10;
  return {
    ticks,
    x: (at: number) =>
      round(
        first === last
          ? (frame.left + frame.right) / 2
          : frame.left + ((at - first) / (last - first)) * (frame.right - frame.left),
      ),
    y: (value: number) => round(frame.bottom - ((value - low) / (high - low)) * (frame.bottom - frame.top)),
  };
}

/** Three to six round numbers around an interval. */
export function steps(low: number, high: number): number[] {
  const span = high - low || Math.abs(high) || 1;
  const rough = span / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const start = Math.floor(low / step) * step;
  const found = [];
  for (let tick = start; tick < high + step * 0.999 || found.length < 2; tick += step)
    found.push(Number(tick.toPrecision(10)));
  return found;
}
