// Known weaknesses in what is shipped. A registry that does not answer is said; on GitHub, where it always answers, that is no excuse.
import { spawnSync } from 'node:child_process';

const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json'], { encoding: 'utf8' });
let found;
try {
  found = JSON.parse(stdout).metadata?.vulnerabilities;
} catch {
  found = undefined;
}
if (found === undefined) {
  console.log('not checked: the registry answers no questions about weaknesses');
  process.exit(process.env['GITHUB_ACTIONS'] === undefined ? 0 : 1);
}
console.log(`${found.total} known weaknesses, ${found.high + found.critical} of them grave`);
if (found.moderate + found.high + found.critical > 0) process.exit(1);
