import { expect, it } from 'vitest';
import { anchorsOf, written } from './anchors';

const one = { lane: 3, seq: 41, hash: 'ab'.repeat(32) };
const two = { lane: 0, seq: 7, hash: '09'.repeat(32) };

it('reads heads as this page writes them, and out of any JSON', () => {
  expect(anchorsOf(`${written(one)}\n\n ${written(two).toUpperCase()} \r\n`)).toEqual([one, two]);
  expect(anchorsOf(JSON.stringify([one, two]))).toEqual([one, two]);
  expect(anchorsOf(JSON.stringify({ taken: 'today', log: { heads: [one] } }))).toEqual([one]);
  expect(anchorsOf('  \n')).toEqual([]);
});

it('takes nothing when a part of it is no head', () => {
  expect(anchorsOf(`${written(one)}\n3/42 abc`)).toBeUndefined();
  expect(anchorsOf('{"heads": []}')).toBeUndefined();
  expect(anchorsOf('[{"lane": 1')).toBeUndefined();
});
