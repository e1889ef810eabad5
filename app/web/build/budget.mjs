// What a first visit loads, compressed, against the budget: the page, what it names, and everything that those import.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const budget = 200_000;
const page = readFileSync('dist/index.html', 'utf8');
const found = new Set(['index.html']);
const queue = [...page.matchAll(/(?:src|href)="\/([^"]+)"/g)].map((match) => match[1]);
while (queue.length > 0) {
  const file = queue.pop();
  // The page's configuration is written by the file server: some hundred bytes, and no file of the build.
  if (found.has(file) || file === 'config.json') continue;
  found.add(file);
  if (!file.endsWith('.js')) continue;
  const source = readFileSync(join('dist', file), 'utf8');
  // Static imports only: what a screen loads later is not part of the first load. The start screens are counted below.
  for (const [, name] of source.matchAll(/(?:from|import)\s*["'](\.\/[^"']+\.js)["']/g)) {
    queue.push(normalize(join(dirname(file), name)));
  }
  for (const [, name] of source.matchAll(/import\(\s*[`"'](\.\/(?:sign-in|es|en)-[^`"']+\.js)[`"']\s*\)/g)) {
    if (!name.startsWith('./en-')) queue.push(normalize(join(dirname(file), name)));
  }
}
let total = 0;
for (const file of [...found].sort()) {
  const packed = join('dist', `${file}.br`);
  const size = statSync(existsSync(packed) ? packed : join('dist', file)).size;
  total += size;
  console.log(`${String(size).padStart(8)}  ${file}`);
}
console.log(`${String(total).padStart(8)}  in all, of ${budget} allowed`);
if (found.size < 3) throw new Error('the page names no script and no style: nothing was measured');
if (total > budget) process.exit(1);
