/** Words, dates, names and numbers in the person's language. Spanish is written first; English has every key of it. */

import { useSyncExternalStore } from 'react';
import { speak } from '../api/client';
import { formats, type Formats } from './format';
import es from './es';

export type Words = Record<keyof typeof es, string>;
export type Key = keyof typeof es;
export type Values = Readonly<Record<string, string | number>>;

export interface I18n {
  readonly language: string;
  /** The words of a key; `{name}` is filled in. With `count`, the plural's form is chosen: `key.one`, `key.other`. */
  readonly t: (key: Key, values?: Values) => string;
  /** The words of a code that the API knows, or the code itself when it is newer than this page. */
  readonly word: (group: string, code: string) => string;
  readonly f: Formats;
}

const stored = 'galeno.language';
const loaders: Record<string, () => Promise<{ default: Words }>> = {
  es: () => Promise.resolve({ default: es }),
  en: () => import('./en'),
};

let current: I18n = make('es', es, 'Europe/Madrid');
let zone = 'Europe/Madrid';
let words: Words = es;
const listeners = new Set<() => void>();

export function make(language: string, dictionary: Words, timeZone: string): I18n {
  let plural: Intl.PluralRules | undefined;
  const all: Readonly<Record<string, string | undefined>> = dictionary;
  const fill = (text: string, values: Values) =>
    text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
  return {
    language,
    t: (key, values = {}) => {
      const count = values['count'];
      const form =
        typeof count === 'number'
          ? all[`${key.replace(/\.other$/, '')}.${(plural ??= new Intl.PluralRules(language)).select(count)}`]
          : undefined;
      return fill(form ?? dictionary[key], values);
    },
    word: (group, code) => all[`${group}.${code}`] ?? code,
    f: formats(language, timeZone),
  };
}

function change(next: I18n) {
  current = next;
  document.documentElement.lang = next.language;
  speak(next.language);
  listeners.forEach((listener) => listener());
}

/** The language that was chosen here, or the browser's first one that is offered, or the first one offered. */
export function preferred(offered: readonly string[], chosen: string | null, browser: readonly string[]): string {
  const wanted = [...(chosen === null ? [] : [chosen]), ...browser].map((tag) => tag.slice(0, 2).toLowerCase());
  return wanted.find((tag) => offered.includes(tag) && tag in loaders) ?? offered[0] ?? 'es';
}

export async function start(offered: readonly string[]) {
  await choose(preferred(offered, localStorage.getItem(stored), navigator.languages), false);
}

export async function choose(language: string, remember = true) {
  if (remember) localStorage.setItem(stored, language);
  words = (await (loaders[language] ?? loaders['es'])?.())?.default ?? es;
  change(make(language, words, zone));
}

/** Times are shown as the clinic's clock shows them, wherever the browser is. */
export function inZone(timeZone: string) {
  if (timeZone === zone) return;
  zone = timeZone;
  change(make(current.language, words, zone));
}

export function useI18n(): I18n {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}
