import { expect, test } from 'vitest';
import { router } from '../../src/app/router';
import type { Scene } from './scene';
import { screens } from './screens';

/** Opened in other words, or no screen: a redirection, and what is somebody's first screen. */
const elsewhere = ['/index.html', '/dispense', '/log'];

test('every address of the application is among the screens, and each of them has a name of its own', () => {
  const anything: unknown = new Proxy({}, { get: (_, name) => (name === 'id' ? 'x' : anything) });
  const opened = new Set(
    screens.map(({ path }) => {
      const [address = ''] = path(anything as Scene).split('?');
      const [, , found] = router.getMatchedRoutes(address) as [unknown, unknown, { fullPath: string } | undefined];
      return found?.fullPath.replace(/(?<=.)\/$/, '');
    }),
  );
  const addresses = Object.keys(router.routesByPath).filter((address) => !elsewhere.includes(address));
  expect(addresses.length).toBeGreaterThan(30);
  expect(addresses.filter((address) => !opened.has(address))).toEqual([]);
  expect(new Set(screens.map(({ name }) => name)).size).toBe(screens.length);
});
