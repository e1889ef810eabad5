/**
 * Lighthouse's performance score of a phone, from the same metrics: each is placed on a log-normal curve through its
 * published control points (the tenth and the fiftieth percentile of the web), and they are weighed.
 */

export interface Metrics {
  /** First contentful paint, speed index and largest contentful paint in milliseconds. */
  fcp: number;
  si: number;
  lcp: number;
  /** Total blocking time in milliseconds. */
  tbt: number;
  /** Cumulative layout shift. */
  cls: number;
}

const curves = {
  fcp: { p10: 1800, median: 3000, weight: 0.1 },
  si: { p10: 3387, median: 5800, weight: 0.1 },
  lcp: { p10: 2500, median: 4000, weight: 0.25 },
  tbt: { p10: 200, median: 600, weight: 0.3 },
  cls: { p10: 0.1, median: 0.25, weight: 0.25 },
} as const satisfies Record<keyof Metrics, { p10: number; median: number; weight: number }>;

/** From 0 to 100. */
export function score(metrics: Metrics): number {
  let sum = 0;
  for (const [name, { p10, median, weight }] of Object.entries(curves)) {
    const value = Math.max(metrics[name as keyof Metrics], 1e-9);
    // 0.9 of the curve lies at p10, and a half at the median.
    const place = (Math.log(value / median) * 0.9061938024368232) / -Math.log(p10 / median);
    sum += weight * Math.min(1, (1 - erf(place)) / 2);
  }
  return Math.round(sum * 100);
}

/** The error function (Abramowitz and Stegun, 7.1.26): right to seven digits. */
function erf(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const tail =
    ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t * Math.exp(-x * x);
  return Math.sign(x) * (1 - tail);
}
