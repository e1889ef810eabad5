import { describe, expect, it } from 'vitest';
import { all, whole } from '../../app/names';

describe('a list that the API gives in parts', () => {
  it('of a full week has its last visit, and each once', async () => {
    // 450 visits; two of them always begin together, also where a part ends.
    const visits = Array.from({ length: 450 }, (_, number) => ({
      id: `${number}`,
      starts_at: new Date(Date.UTC(2026, 10, 23, 8, Math.floor((number + 1) / 2))).toISOString(),
    }));
    const asked: string[] = [];
    const found = await whole('2026-11-23T00:00:00Z', (from) => {
      asked.push(from);
      return Promise.resolve(visits.filter((each) => each.starts_at >= from).slice(0, 200));
    });
    expect(found).toEqual(visits);
    expect(asked).toHaveLength(3);
  });

  it('is read to its last page, however many there are', async () => {
    const read = await all((cursor) => {
      const number = Number(cursor ?? 0);
      return Promise.resolve({ items: [number], next: number < 60 ? `${number + 1}` : null });
    });
    expect(read).toHaveLength(61);
  });
});
