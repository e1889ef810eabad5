/** Heads of the log that somebody kept, as they were written down: from this page, or from any JSON that holds them. */

import type { Schemas } from '../../api/client';

export type Anchor = Schemas['Anchor'];

const line = /^\s*(\d+)\s*\/\s*(\d+)\s+([0-9a-f]{64})\s*$/i;

function isAnchor(value: object): value is Anchor {
  const { lane, seq, hash } = value as Partial<Record<keyof Anchor, unknown>>;
  return Number.isInteger(lane) && Number.isInteger(seq) && typeof hash === 'string' && /^[0-9a-f]{64}$/i.test(hash);
}

function within(value: unknown): Anchor[] {
  if (typeof value !== 'object' || value === null) return [];
  if (isAnchor(value)) return [{ lane: value.lane, seq: value.seq, hash: value.hash.toLowerCase() }];
  return Object.values(value).flatMap(within);
}

/** The heads of a text; nothing when a part of it is none, for what is not compared must not pass as compared. */
export function anchorsOf(text: string): Anchor[] | undefined {
  if (/^\s*[[{]/.test(text)) {
    try {
      const found = within(JSON.parse(text));
      return found.length === 0 ? undefined : found;
    } catch {
      return undefined;
    }
  }
  const found: Anchor[] = [];
  for (const each of text.split('\n').filter((one) => one.trim() !== '')) {
    const [, lane, seq, hash = ''] = line.exec(each) ?? [];
    if (hash === '') return undefined;
    found.push({ lane: Number(lane), seq: Number(seq), hash: hash.toLowerCase() });
  }
  return found;
}

/** As the page writes them down. */
export const written = ({ lane, seq, hash }: Anchor) => `${lane}/${seq} ${hash}`;
