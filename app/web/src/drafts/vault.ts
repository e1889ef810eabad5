/**
 * What somebody has typed and not yet sent, kept on this device: encrypted with a key that scripts can use and not read
 * (AES-GCM, not extractable), bound to the account, gone at sign-out.
 */

const database = 'galeno-drafts';
const stores = ['keys', 'drafts'] as const;
/** How long a draft is kept, in milliseconds. */
export const lifetime = 24 * 3600 * 1000;

interface Kept {
  iv: Uint8Array<ArrayBuffer>;
  sealed: ArrayBuffer;
  at: number;
}

interface Held {
  owner: string;
  key: CryptoKey;
}

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(database, 1);
    request.onupgradeneeded = () => stores.forEach((store) => request.result.createObjectStore(store));
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB'));
  });
}

/** One use of the storage: over when it took too long. */
interface Turn {
  over: boolean;
}

async function run<T>(
  turn: Turn,
  store: (typeof stores)[number],
  mode: IDBTransactionMode,
  work: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const db = await open();
  try {
    // Whoever waited has gone on: what is kept now would come after what they did since.
    if (turn.over) throw new Error('too late');
    return await new Promise<T>((resolve, reject) => {
      const transaction = db.transaction(store, mode);
      const request = work(transaction.objectStore(store));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = () => reject(transaction.error ?? new Error('IndexedDB'));
      transaction.onabort = transaction.onerror;
    });
  } finally {
    db.close();
  }
}

let last: Promise<unknown> = Promise.resolve();

/**
 * One after the other: encrypting takes a moment, and what was sent meanwhile must not be kept after it was dropped. A
 * device whose storage does not answer (a full or busy disk) keeps no draft, and holds nobody up.
 */
function inTurn<T>(work: (turn: Turn) => Promise<T>): Promise<T> {
  const turn = { over: false };
  const done = last.then(() => within(patience, turn, work(turn)));
  last = done.catch(() => undefined);
  return done;
}

/** How long the device's storage may take, in milliseconds. */
const patience = 2000;

function within<T>(time: number, turn: Turn, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      turn.over = true;
      reject(new Error('IndexedDB does not answer'));
    }, time);
    void work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Stands in the device's other storage while something is left that was to be thrown away. */
const leftover = 'galeno-drafts-left';

/** The key of this account. Another account's key and drafts are thrown away. */
async function keyOf(turn: Turn, owner: string): Promise<CryptoKey> {
  if (localStorage.getItem(leftover) !== null) await clear(turn);
  const held = (await run(turn, 'keys', 'readonly', (store) => store.get('key'))) as Held | undefined;
  if (held?.owner === owner) return held.key;
  await clear(turn);
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
  await run(turn, 'keys', 'readwrite', (store) => store.put({ owner, key } satisfies Held, 'key'));
  return key;
}

const bound = (owner: string, name: string) => new TextEncoder().encode(`${owner}\n${name}`);

export const keep = (owner: string, name: string, value: unknown) => inTurn((turn) => seal(turn, owner, name, value));
/** The draft, unless there is none, it is another account's, or older than a day. */
export const recall = (owner: string, name: string) => inTurn((turn) => unseal(turn, owner, name));
export const drop = (name: string) => inTurn((turn) => remove(turn, name));
/** Everything, the key too; if that takes too long now, then before the next use. */
export function wipe(): Promise<void> {
  localStorage.setItem(leftover, '');
  return inTurn(clear);
}

async function seal(turn: Turn, owner: string, name: string, value: unknown): Promise<void> {
  const key = await keyOf(turn, owner);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const plain = new TextEncoder().encode(JSON.stringify(value));
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: bound(owner, name) }, key, plain);
  await run(turn, 'drafts', 'readwrite', (store) => store.put({ iv, sealed, at: Date.now() } satisfies Kept, name));
}

async function unseal(turn: Turn, owner: string, name: string): Promise<unknown> {
  const key = await keyOf(turn, owner);
  const kept = (await run(turn, 'drafts', 'readonly', (store) => store.get(name))) as Kept | undefined;
  if (!kept) return undefined;
  if (Date.now() - kept.at > lifetime) {
    await remove(turn, name);
    return undefined;
  }
  try {
    const parameters = { name: 'AES-GCM', iv: kept.iv, additionalData: bound(owner, name) };
    const plain = await crypto.subtle.decrypt(parameters, key, kept.sealed);
    return JSON.parse(new TextDecoder().decode(plain)) as unknown;
  } catch {
    await remove(turn, name);
    return undefined;
  }
}

async function remove(turn: Turn, name: string): Promise<void> {
  await run(turn, 'drafts', 'readwrite', (store) => store.delete(name));
}

async function clear(turn: Turn): Promise<void> {
  for (const store of stores) await run(turn, store, 'readwrite', (held) => held.clear());
  localStorage.removeItem(leftover);
}
