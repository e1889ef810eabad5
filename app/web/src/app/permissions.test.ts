import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { can, permissions, roles } from './permissions';

it('the page offers what the API allows', () => {
  const lines = readFileSync('../../docs/authorization.md', 'utf8').split('\n');
  const cells = (line: string) => line.split('|').map((cell) => cell.trim());
  const head = cells(lines.find((line) => line.startsWith('| action')) ?? '');
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
