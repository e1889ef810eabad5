// Every package that was installed carries a licence that lets us give the application away.
import { readFileSync } from 'node:fs';

const allowed = new Set([
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'MPL-2.0',
  'Zlib',
  'Unlicense',
  'CC0-1.0',
  'CC-BY-4.0',
  'BlueOak-1.0.0',
  'Python-2.0',
  'MIT-0',
]);
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const packages = Object.entries(lock.packages).filter(([path]) => path !== '');
const wrong = packages.filter(
  ([, { license = '' }]) =>
    !license
      .replace(/[()]/g, '')
      .split(/ OR | AND /)
      .every((word) => allowed.has(word)),
);
for (const [path, { license }] of wrong) console.error(`${path}: ${license ?? 'no licence'}`);
console.log(`${packages.length} packages, ${wrong.length} with a licence that is not allowed`);
if (packages.length === 0 || wrong.length > 0) process.exit(1);
