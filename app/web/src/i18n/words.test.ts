import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import en from './en';
import es from './es';
import { make, preferred, type Key } from './index';

const keys = Object.keys(es) as Key[];
const sources = readdirSync('src', { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.parentPath.includes('i18n'))
  .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
  .join('\n');

describe('words', () => {
  it('exist in both languages, with the same gaps', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(es).sort());
    const gaps = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([gap]) => gap).sort();
    for (const key of keys) {
      expect(gaps(en[key]), key).toEqual(gaps(es[key]));
      expect(en[key].trim(), key).not.toBe('');
    }
  });

  it('are all in use', () => {
    const dynamic = [...sources.matchAll(/(?:word\(|choicesOf\(\s*word,)\s*'([\w-]+)'/g)].map(
      ([, group]) => `${group ?? ''}.`,
    );
    const unused = keys.filter((key) => {
      const base = key.replace(/\.one$/, '.other');
      return (
        !sources.includes(`'${base}'`) &&
        !sources.includes(`'${key}'`) &&
        !dynamic.some((group) => key.startsWith(group))
      );
    });
    expect(unused).toEqual([]);
  });

  it('choose the plural and fill the gaps', () => {
    const { t } = make('es', es, 'Europe/Madrid');
    expect(t('people.count.other', { count: 1 })).toBe('1 persona');
    expect(t('people.count.other', { count: 3 })).toBe('3 personas');
  });
});

describe('the language', () => {
  it('is the chosen one, then the browser’s, then the first offered', () => {
    expect(preferred(['es', 'en'], 'en', ['es-ES'])).toBe('en');
    expect(preferred(['es', 'en'], null, ['ca', 'en-US'])).toBe('en');
    expect(preferred(['es', 'en'], null, ['fr'])).toBe('es');
    expect(preferred(['es'], 'en', ['en'])).toBe('es');
  });
});
