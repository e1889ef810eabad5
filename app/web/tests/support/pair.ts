/** An API and a file server on free ports, over the database that `tools/up` started. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { answers, freePort, run, until, type Running } from './process';

export interface Programs {
  /** The directory of `tools/up`: its database, keys and configuration. */
  home: string;
  api: string;
  web: string;
}

export interface Pair {
  readonly api: string;
  readonly management: string;
  readonly web: string;
  readonly start: () => Promise<void>;
  /** Ends the API at once, as a crash does. */
  readonly kill: () => Promise<void>;
  /** Shuts the gate: the API is told to expect a generation of the database that nobody has accepted. */
  readonly shutGate: () => void;
  readonly openGate: () => void;
  readonly stop: () => Promise<void>;
}

export async function startPair({ home, api, web }: Programs, oidc?: string): Promise<Pair> {
  const [apiPort, managementPort, webPort, statusPort] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const place = join(home, `pair-${apiPort}`);
  const own = readFileSync(join(home, 'api.yaml'), 'utf8')
    .replace(/^ {2}listen: .*$/m, `  listen: "127.0.0.1:${apiPort}"`)
    .replace(/^ {2}managementListen: .*$/m, `  managementListen: "127.0.0.1:${managementPort}"`)
    .replace(/^ {2}publicUrl: .*$/m, `  publicUrl: "http://localhost:${apiPort}"`)
    .replace(/^ {2}webOrigins: .*$/m, `  webOrigins: ["http://localhost:${webPort}"]`);
  const provider =
    oidc === undefined
      ? ''
      : `  oidc: [{name: clinic-id, issuer: "${oidc}", clientId: galeno, organization: san-telmo, secondFactor: true}]\n`;
  const config = own
    // Who signed in for all tests rests while others are at work, longer than a person may.
    .replace(/^security:\n/m, `security:\n  session: {staffIdle: 12h, patientIdle: 2h}\n${provider}`)
    // Tests come from one address, and faster than people.
    .concat('limits: {signInsPerMinute: 1000, anonymousRequestsPerMinute: 100000, requestsPerMinute: 100000}\n');
  const gateOpen = config;
  const gateShut = config.replace(/^database:\n/m, 'database:\n  expectedGeneration: 7\n');
  writeFileSync(`${place}.api.yaml`, gateOpen);
  writeFileSync(
    `${place}.web.yaml`,
    [
      `listen: "127.0.0.1:${webPort}"`,
      `managementListen: "127.0.0.1:${statusPort}"`,
      `contentSecurityPolicy: "${policy(`http://localhost:${apiPort}`)}"`,
      `browser: {apiOrigin: "http://localhost:${apiPort}", languages: [es, en], environment: test}`,
      'drainDelay: 0s',
      '',
    ].join('\n'),
  );
  let served: Running | undefined;
  const start = async () => {
    const running = run(api, ['serve', '--config', `${place}.api.yaml`]);
    served = running;
    await until('the API is ready', async () => {
      if (running.child.exitCode !== null) throw new Error(`the API ended: ${running.said()}`);
      return answers(`http://127.0.0.1:${managementPort}/readyz`);
    });
  };
  await start();
  const files = run(web, ['serve', '--config', `${place}.web.yaml`, '--files', 'dist']);
  await until('the file server is ready', async () => {
    if (files.child.exitCode !== null) throw new Error(`the file server ended: ${files.said()}`);
    return answers(`http://127.0.0.1:${statusPort}/readyz`);
  });
  return {
    api: `http://localhost:${apiPort}`,
    management: `http://127.0.0.1:${managementPort}`,
    web: `http://localhost:${webPort}`,
    start,
    kill: async () => served?.stop('SIGKILL'),
    shutGate: () => writeFileSync(`${place}.api.yaml`, gateShut),
    openGate: () => writeFileSync(`${place}.api.yaml`, gateOpen),
    stop: async () => {
      await Promise.all([served?.stop('SIGKILL'), files.stop('SIGKILL')]);
    },
  };
}

/** What the generator renders for the web (`src/components/web`), but for `upgrade-insecure-requests`: tests speak HTTP. */
export function policy(apiOrigin: string): string {
  const source = readFileSync('../../src/components/web/config.rs', 'utf8');
  const list = /fn content_security_policy[\s\S]*?\[([\s\S]*?)\]\s*\.join/.exec(source)?.[1] ?? '';
  const directives = [...list.matchAll(/"([^"]+)"/g)].map(([, directive = '']) =>
    directive.replace('{api_origin}', apiOrigin),
  );
  if (!directives.includes("script-src 'self'")) throw new Error('the policy of src/components/web was not found');
  return directives.filter((directive) => directive !== 'upgrade-insecure-requests').join('; ');
}
