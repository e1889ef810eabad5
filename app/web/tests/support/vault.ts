/** What the application keeps of what was typed, as somebody finds it who looks into the device. */

import type { Page } from '@playwright/test';

export interface Held {
  /** Which drafts there are, and what can be read in them without the key. */
  names: string[];
  text: string;
  /** Of each key: whether scripts can read it. */
  extractable: boolean[];
}

export const held = (page: Page): Promise<Held> =>
  page.evaluate(async () => {
    const db = await new Promise<IDBDatabase>((resolve, reject) => {
      const opening = indexedDB.open('galeno-drafts', 1);
      opening.onupgradeneeded = () => ['keys', 'drafts'].forEach((store) => opening.result.createObjectStore(store));
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(new Error('IndexedDB'));
    });
    const answer = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve) => (request.onsuccess = () => resolve(request.result)));
    const store = (name: string) => db.transaction(name).objectStore(name);
    const names = (await answer(store('drafts').getAllKeys())).map(String);
    const drafts = (await answer(store('drafts').getAll())) as { sealed: ArrayBuffer }[];
    const keys = (await answer(store('keys').getAll())) as { key: CryptoKey }[];
    db.close();
    const text = drafts.map(({ sealed }) => new TextDecoder().decode(sealed)).join(' ');
    return { names, text, extractable: keys.map(({ key }) => key.extractable) };
  });

/** The names of the drafts that are held. */
export const drafts = async (page: Page) => (await held(page)).names;
