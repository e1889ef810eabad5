/**
 * Every screen in Spanish and English, light and dark, on a phone and on a desktop: `npm run screenshots`, into
 * screenshots/LANGUAGE-THEME-DEVICE/SCREEN.png. SCREENS=today,agenda takes only those; VARIANTS=es-light-desktop likewise.
 */

import { rmSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { scene } from './support/scene';
import { screens } from './support/screens';
import { test } from './support/test';

const devices = {
  desktop: { viewport: { width: 1280, height: 860 } },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true },
} as const;

// As many variants at once as there are workers.
test.describe.configure({ mode: 'parallel' });

const list = (name: string) => process.env[name]?.split(',');

const unknown = list('SCREENS')?.filter((name) => !screens.some((screen) => screen.name === name)) ?? [];
if (unknown.length > 0)
  throw new Error(`no screen is called ${unknown.join(', ')}; there are ${screens.map(({ name }) => name).join(', ')}`);

for (const language of ['es', 'en'] as const) {
  for (const theme of ['light', 'dark'] as const) {
    for (const device of ['desktop', 'phone'] as const) {
      const variant = `${language}-${theme}-${device}`;
      if (list('VARIANTS') && !list('VARIANTS')?.includes(variant)) continue;
      test(variant, async ({ open }) => {
        test.setTimeout(1_800_000);
        const wanted = screens.filter(({ name }) => list('SCREENS')?.includes(name) ?? true);
        // Nothing stays of a screen that is no more.
        if (!list('SCREENS')) rmSync(`screenshots/${variant}`, { recursive: true, force: true });
        const set = await scene();
        const pages = new Map<string, Page>();
        for (const screen of wanted) {
          const who = screen.who(set);
          const key = typeof who === 'object' ? who.token : (who ?? 'nobody');
          let page = pages.get(key);
          if (!page) {
            page = await open(who, '/robots.txt', {
              ...devices[device],
              colorScheme: theme,
              locale: language === 'es' ? 'es-ES' : 'en-GB',
            });
            await page.evaluate((chosen) => localStorage.setItem('galeno.language', chosen), language);
            pages.set(key, page);
          }
          await page.goto(screen.path(set));
          await screen.ready(page, set);
          await page.screenshot({
            path: `screenshots/${variant}/${screen.name}.png`,
            fullPage: screen.whole ?? false,
            animations: 'disabled',
          });
        }
        process.stdout.write(`${variant}: ${wanted.length} of ${screens.length} screens\n`);
      });
    }
  }
}
