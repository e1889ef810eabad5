import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { api, carrying, connect, data, flowing } from './client';
import { platform, sessionEnded, well } from './platform';
import { Problem } from './problem';

beforeEach(() => {
  vi.useFakeTimers();
  connect({ apiOrigin: 'http://api.example', languages: ['es'] });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  well();
  sessionEnded(false);
});

const bytes = (text: string) => new TextEncoder().encode(text);
const json = { headers: { 'Content-Type': 'application/json' } };

/** An answer that comes after some seconds, unless the request is given up before. */
function answering(seconds: number) {
  const asked = vi.fn((_: Request, init: { signal: AbortSignal }) => {
    return new Promise<Response>((resolve, reject) => {
      setTimeout(() => resolve(new Response('{"id":"1"}', json)), seconds * 1000);
      init.signal.addEventListener('abort', () => reject(new DOMException('given up', 'AbortError')));
    });
  });
  vi.stubGlobal('fetch', asked);
}

it('an answer that is cut off after its beginning is no answer', async () => {
  const cut = new ReadableStream({
    start: (controller) => controller.enqueue(bytes('{"id":')),
    pull: (controller) => controller.error(new TypeError('network error')),
  });
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(cut, json)));
  await expect(data(api().GET('/api/v1/organization'))).rejects.toMatchObject({ kind: 'unreachable', passing: true });
  expect(platform().trouble).toBe('unreachable');
});

it('a file has the time that its way takes, everything else the usual one', async () => {
  answering(120);
  const usual = data(api().GET('/api/v1/organization')).catch((error: unknown) => error);
  const file = data(api().GET('/api/v1/organization', carrying(8 * 1024 * 1024)));
  await vi.advanceTimersByTimeAsync(20_000);
  expect(await usual).toMatchObject({ kind: 'unreachable' });
  await vi.advanceTimersByTimeAsync(100_000);
  expect(await file).toEqual({ id: '1' });
});

it('a body goes on as long as something of it comes, and ends when nothing does', async () => {
  const late = new AbortController();
  let parts = 0;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (controller) => late.signal.addEventListener('abort', () => controller.error(new Error('given up'))),
    pull: async (controller) => {
      parts += 1;
      await new Promise((resolve) => setTimeout(resolve, parts <= 4 ? 15_000 : 60_000));
      if (!late.signal.aborted) controller.enqueue(bytes('x'));
    },
  });
  const read: number[] = [];
  const reader = flowing(body, late, () => new Problem('unreachable')).getReader();
  const next = (): Promise<void> => reader.read().then(({ value }) => (read.push(value?.length ?? 0), next()));
  const reading = next().catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(late.signal.aborted).toBe(false);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await reading).toMatchObject({ kind: 'unreachable' });
  expect(read).toHaveLength(4);
});

it('a refusal of the session is noticed, but for those that ask whether there is one', async () => {
  vi.stubGlobal('fetch', () => Promise.resolve(new Response('{}', { status: 401, ...json })));
  await expect(data(api().GET('/api/v1/auth/me'))).rejects.toMatchObject({ status: 401 });
  expect(platform().ended).toBe(false);
  await expect(data(api().GET('/api/v1/organization'))).rejects.toMatchObject({ status: 401 });
  expect(platform().ended).toBe(true);
});

it('a refusal of the session before does not end the one that began meanwhile', async () => {
  let answer = () => {};
  const refusal = new Response('{}', { status: 401, ...json });
  vi.stubGlobal('fetch', () => new Promise((resolve) => (answer = () => resolve(refusal))));
  const before = data(api().GET('/api/v1/organization'));
  sessionEnded(false);
  answer();
  await expect(before).rejects.toMatchObject({ status: 401 });
  expect(platform().ended).toBe(false);
});
