import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { can, permissions, roles, scopes } from './permissions';

const lines = readFileSync('../../docs/authorization.md', 'utf8').split('\n');
const cells = (line: string) => line.split('|').map((cell) => cell.trim());
const head = cells(lines.find((line) => line.startsWith('| action')) ?? '');

it('the page offers what the API allows', () => {
  for (const permission of permissions) {
    const row = cells(lines.find((line) => line.startsWith(`| \`${permission}\``)) ?? '');
    expect(row.length, `${permission} is in the table`).toBeGreaterThan(5);
    for (const role of roles) {
      const column = head.indexOf(role);
      expect(column, role).toBeGreaterThan(1);
      expect(can(role, permission), `${permission} of ${role}`).toBe(row[column] !== '');
    }
  }
});

it('a service is offered what a service may do', () => {
  const rows = lines.filter((line) => line.startsWith('| `')).map(cells);
  const allowed = rows.filter((row) => row[head.indexOf('service')] !== '').map((row) => row[1]?.replaceAll('`', ''));
  expect([...scopes].sort()).toEqual(allowed.sort());
});
