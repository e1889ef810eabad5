import 'fake-indexeddb/auto';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { drop, keep, recall, wipe } from './vault';

function everything(store: string): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open('galeno-drafts', 1);
    opening.onerror = () => reject(new Error('cannot open'));
    opening.onsuccess = () => {
      const request = opening.result.transaction(store).objectStore(store).getAll();
      request.onsuccess = () => {
        resolve(request.result as unknown[]);
        opening.result.close();
      };
    };
  });
}

const marks = new Map<string, string>();
vi.stubGlobal('localStorage', {
  getItem: (name: string) => marks.get(name) ?? null,
  setItem: (name: string, value: string) => marks.set(name, value),
  removeItem: (name: string) => marks.delete(name),
});

describe('drafts', () => {
  beforeEach(wipe);

  it('survive a reload, and the device holds nothing that can be read', async () => {
    await keep('ana', 'note/1', { text: 'dolor torácico' });
    expect(await recall('ana', 'note/1')).toEqual({ text: 'dolor torácico' });
    const [kept] = (await everything('drafts')) as { sealed: ArrayBuffer }[];
    expect(new TextDecoder().decode(kept?.sealed)).not.toContain('dolor');
    const [held] = (await everything('keys')) as { key: CryptoKey }[];
    expect(held?.key.extractable).toBe(false);
    await expect(crypto.subtle.exportKey('raw', held?.key as CryptoKey)).rejects.toThrow();
  });

  it('are gone after sending, at sign-out, and for anybody else', async () => {
    await keep('ana', 'note/1', 'one');
    await drop('note/1');
    expect(await recall('ana', 'note/1')).toBeUndefined();
    await keep('ana', 'note/1', 'two');
    expect(await recall('luis', 'note/1')).toBeUndefined();
    expect(await recall('ana', 'note/1')).toBeUndefined();
    await keep('ana', 'note/1', 'three');
    await wipe();
    expect(await everything('drafts')).toEqual([]);
    expect(await everything('keys')).toEqual([]);
  });

  it('cannot be moved to another form', async () => {
    await keep('ana', 'note/1', 'about patient 1');
    const [kept] = await everything('drafts');
    await new Promise<void>((resolve) => {
      const opening = indexedDB.open('galeno-drafts', 1);
      opening.onsuccess = () => {
        const transaction = opening.result.transaction('drafts', 'readwrite');
        transaction.objectStore('drafts').put(kept, 'note/2');
        transaction.oncomplete = () => {
          opening.result.close();
          resolve();
        };
      };
    });
    expect(await recall('ana', 'note/2')).toBeUndefined();
  });

  it('do not outlive a day', async () => {
    await keep('ana', 'note/1', 'old');
    vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 25 * 3600 * 1000);
    expect(await recall('ana', 'note/1')).toBeUndefined();
    vi.restoreAllMocks();
  });
});

it('what is dropped while it is still being sealed does not come back', async () => {
  const [kept, dropped] = [keep('one', 'note/1', { text: 'sent' }), drop('note/1')];
  await Promise.all([kept, dropped]);
  expect(await recall('one', 'note/1')).toBeUndefined();
});

it('storage that does not answer holds nobody up, and is used again when it does', async () => {
  const silent = vi.spyOn(indexedDB, 'open').mockReturnValue({} as IDBOpenDBRequest);
  vi.useFakeTimers();
  const [kept, dropped] = [keep('ana', 'note/1', 'typed'), drop('note/1')].map((each) =>
    each.then(() => 'done').catch(String),
  );
  await vi.advanceTimersByTimeAsync(4000);
  expect([await kept, await dropped]).toEqual(Array(2).fill('Error: IndexedDB does not answer'));
  vi.useRealTimers();
  silent.mockRestore();
  await keep('ana', 'note/1', 'typed again');
  expect(await recall('ana', 'note/1')).toBe('typed again');
});

it('what comes too late to be kept is not kept, and what could not be thrown away is thrown away before the next use', async () => {
  await keep('ana', 'note/1', 'first');
  const real = indexedDB.open.bind(indexedDB);
  const asked: (() => void)[] = [];
  const slow = vi.spyOn(indexedDB, 'open').mockImplementation((name, version) => {
    const request = real(name, version);
    // The answer is there, and nobody is told before the test says so.
    const held: { then?: IDBOpenDBRequest['onsuccess'] } = {};
    Object.defineProperty(request, 'onsuccess', { set: (then: IDBOpenDBRequest['onsuccess']) => (held.then = then) });
    request.addEventListener('success', (event) => asked.push(() => void held.then?.call(request, event)));
    return request;
  });
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const late = keep('ana', 'note/1', 'second').catch(String);
  await vi.waitUntil(() => asked.length === 1, { timeout: 5000 });
  await vi.advanceTimersByTimeAsync(2000);
  expect(await late).toContain('does not answer');
  const gone = wipe().catch(String);
  await vi.advanceTimersByTimeAsync(2000);
  expect(await gone).toContain('does not answer');
  vi.useRealTimers();
  slow.mockRestore();
  for (const answer of asked) answer();
  expect(await recall('ana', 'note/1')).toBeUndefined();
  expect(marks.size).toBe(0);
});
