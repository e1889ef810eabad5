/** Once for all tests: the real API on a real MariaDB (`tools/up`), the file server, an identity provider, everybody's session. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { call, organization, type Account, type Role, type Stack } from './api';
import { startProvider } from './oidc';
import { startPair } from './pair';
import { freePort, run, until } from './process';
import { totp } from './totp';

const oidcSubject = 'subject-of-olga';

export default async function setup() {
  const programs = {
    api: resolve(process.env['GALENO_API_PROGRAM'] ?? '../../target/debug/api'),
    web: resolve(process.env['GALENO_WEB_PROGRAM'] ?? '../../target/debug/web'),
  };
  const home = mkdtempSync(join(tmpdir(), 'galeno-web-'));
  const data = join(home, 'up');
  const [port, management, sql] = [await freePort(), await freePort(), await freePort()];
  const up = run(
    '../../tools/up',
    [
      '--api',
      programs.api,
      '--keep',
      data,
      '--patients',
      '60',
      '--port',
      `${port}`,
      '--management-port',
      `${management}`,
      '--sql-port',
      `${sql}`,
    ],
    '.',
  );
  const ends: (() => Promise<unknown>)[] = [() => up.stop('SIGINT')];
  const teardown = async () => {
    for (const end of ends.reverse()) await end();
    rmSync(home, { recursive: true, force: true });
  };
  try {
    const ready = () => {
      if (up.child.exitCode !== null) throw new Error(`tools/up ended: ${up.said()}`);
      return up.said().includes('Ctrl-C ends it');
    };
    await until('tools/up', ready, 300);
    const provider = await startProvider(await freePort(), oidcSubject);
    ends.push(() => Promise.resolve(provider.server.close()));
    const pair = await startPair({ home: data, ...programs }, provider.issuer);
    ends.push(pair.stop);
    const accounts = await signIn(pair.api, readFileSync(join(data, 'accounts'), 'utf8'));
    const stack: Stack = { home: data, programs, api: pair.api, web: pair.web, oidcSubject, accounts };
    mkdirSync('.cache', { recursive: true });
    writeFileSync('.cache/stack.json', JSON.stringify(stack), { mode: 0o600 });
    const administrator = accounts.administrator.token;
    const person = { role: 'nurse', given_name: 'Olga', family_name: 'Identidad Ajena' };
    const { id } = await call<{ id: string }>(pair.api, administrator, 'POST', '/staff', person);
    const access = { username: 'olga', oidc_provider: 'clinic-id', oidc_subject: oidcSubject };
    await call(pair.api, administrator, 'POST', `/staff/${id}/access`, access);
    // Before all tests: two that find nobody responsible, and say who is, would contradict each other.
    const responsible = {
      controller: 'Clínica San Telmo, S.L.',
      controller_contact: 'Calle Inventada 12, Madrid',
      officer_contact: 'dpd@san-telmo.example',
      retention_years: 5,
    };
    await call(pair.api, administrator, 'PUT', '/organization/data-protection', responsible, { 'If-Match': '"0"' });
  } catch (error) {
    await teardown();
    throw error;
  }
  return teardown;
}

async function signIn(api: string, list: string): Promise<Record<Role, Account>> {
  const accounts: Partial<Record<Role, Account>> = {};
  for (const [, role = '', password = '', secret = ''] of list.matchAll(/^(\w+) +([a-z]+(?:-[a-z]+){3}) +(\S+)/gm)) {
    type State = { state: string; token: string };
    let state = await call<State>(api, undefined, 'POST', '/auth/sign-in', { organization, username: role, password });
    if (state.state === 'second-factor') {
      state = await call<State>(api, undefined, 'POST', '/auth/sign-in/totp', {
        token: state.token,
        code: totp(secret),
      });
    }
    const me = await call<{ person: string }>(api, state.token, 'GET', '/auth/me');
    accounts[role as Role] = {
      username: role,
      password,
      secret: secret === '-' ? undefined : secret,
      token: state.token,
      person: me.person,
    };
  }
  return accounts as Record<Role, Account>;
}
