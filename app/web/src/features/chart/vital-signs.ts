import type { Point } from '../../ui/scale';
import type { Entry } from '../patient/queries';
import { measured } from './entry';

export interface Vital {
  readonly loinc: string;
  /** UCUM. */
  readonly unit: string;
  /** What is usual for an adult at rest, as a help for the eye and no judgement. */
  readonly usual?: readonly [number, number];
  /** What can be measured at all: typing errors end here. */
  readonly possible: readonly [number, number];
  readonly step: number;
}

/** LOINC and UCUM, in the order in which they are taken. */
export const vitals: readonly Vital[] = [
  { loinc: '8480-6', unit: 'mm[Hg]', usual: [90, 139], possible: [40, 300], step: 1 },
  { loinc: '8462-4', unit: 'mm[Hg]', usual: [60, 89], possible: [20, 200], step: 1 },
  { loinc: '8867-4', unit: '/min', usual: [50, 100], possible: [15, 300], step: 1 },
  { loinc: '8310-5', unit: 'Cel', usual: [35.5, 37.9], possible: [25, 45], step: 0.1 },
  { loinc: '2708-6', unit: '%', usual: [94, 100], possible: [40, 100], step: 1 },
  { loinc: '2339-0', unit: 'mg/dL', usual: [70, 140], possible: [10, 1500], step: 1 },
  { loinc: '29463-7', unit: 'kg', possible: [0.3, 400], step: 0.1 },
];

export interface Series {
  readonly loinc: string;
  readonly description: string;
  readonly unit: string;
  readonly points: readonly Point[];
  readonly range: readonly [number, number] | undefined;
}

/** Measurements by what was measured and in which unit, each in order of time. */
export function series(entries: readonly Entry[]): Series[] {
  const found = new Map<string, { loinc: string; description: string; unit: string; points: Point[] }>();
  for (const { content } of entries) {
    if (content.kind !== 'observation') continue;
    const { loinc, description, observed_at } = content;
    const value = measured(content.value);
    if (value?.type !== 'quantity') continue;
    const key = `${loinc} ${value.unit}`;
    const one = found.get(key) ?? { loinc, description, unit: value.unit, points: [] as Point[] };
    one.points.push({ at: Date.parse(observed_at), value: value.value });
    found.set(key, one);
  }
  const order = (loinc: string) => {
    const index = vitals.findIndex((vital) => vital.loinc === loinc);
    return index === -1 ? vitals.length : index;
  };
  return [...found.values()]
    .map((one) => ({
      ...one,
      points: one.points.sort((a, b) => a.at - b.at),
      range: vitals.find((vital) => vital.loinc === one.loinc && vital.unit === one.unit)?.usual,
    }))
    .sort((one, other) => order(one.loinc) - order(other.loinc));
}

/** A number as people type it, comma or point. */
export function parsed(text: string): number | undefined {
  const trimmed = text.trim().replace(',', '.');
  return /^\d+(\.\d+)?$/.test(trimmed) ? Number(trimmed) : undefined;
}
