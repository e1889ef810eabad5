import { QueryClient, QueryObserver } from '@tanstack/react-query';
import { expect, test } from 'vitest';
import { forgetOld } from './cache';

test('what a change made old stays only where it is on the page', async () => {
  const client = new QueryClient();
  forgetOld(client);
  const [list, day, slots] = [['appointments', 'of'], ['appointments', 'day'], ['slots']];
  for (const queryKey of [list, day, slots]) client.setQueryData(queryKey, 'before');
  let read = 0;
  const queryFn = () => Promise.resolve(`after ${(read += 1)}`);
  const leave = new QueryObserver(client, { queryKey: day, queryFn, staleTime: Infinity }).subscribe(() => {});
  const changed = client.invalidateQueries({ queryKey: ['appointments'] });
  // On the page, it is shown until the answer is there.
  expect([list, day, slots].map((key) => client.getQueryData(key))).toEqual([undefined, 'before', 'before']);
  await changed;
  expect([client.getQueryData(day), read]).toEqual(['after 1', 1]);
  leave();
});
