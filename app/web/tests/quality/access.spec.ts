/** WCAG 2.2 AA: axe on every screen in both themes; 200 % zoom; from a small phone to a wide screen; the keyboard. */

import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { scene } from '../support/scene';
import { screens } from '../support/screens';
import { expect, test } from '../support/test';

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

const widths = {
  'a small phone': { width: 320, height: 640 },
  // 1280 pixels at 200 %: what WCAG 1.4.4 and 1.4.10 ask about.
  '200 % zoom': { width: 640, height: 430 },
  'a wide screen': { width: 1920, height: 1080 },
} as const;

/** Nothing is wider than the screen but what scrolls by itself. */
const overflow = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

for (const theme of ['light', 'dark'] as const) {
  test(`every screen passes axe, ${theme}`, async ({ open }) => {
    test.setTimeout(900_000);
    const set = await scene();
    const found: string[] = [];
    const pages = new Map<string, Page>();
    for (const screen of screens) {
      const who = screen.who(set);
      const key = typeof who === 'object' ? who.token : (who ?? 'nobody');
      const page = pages.get(key) ?? (await open(who, '/robots.txt', { colorScheme: theme, reducedMotion: 'reduce' }));
      pages.set(key, page);
      await page.goto(screen.path(set));
      await screen.ready(page, set);
      const { violations, passes } = await new AxeBuilder({ page }).withTags(tags).analyze();
      expect(passes.length, `${screen.name}: axe looked at something`).toBeGreaterThan(10);
      for (const { id, nodes } of violations)
        found.push(`${screen.name}: ${id}: ${nodes.map((node) => node.html.slice(0, 140)).join(' | ')}`);
      if (theme === 'light') {
        for (const [name, size] of Object.entries(widths)) {
          await page.setViewportSize(size);
          const wide = await overflow(page);
          if (wide > 0) found.push(`${screen.name}: ${wide} pixels too wide on ${name}`);
        }
        await page.setViewportSize({ width: 1280, height: 860 });
      }
    }
    expect(found).toEqual([]);
  });
}

test('everything on a page is reached, seen and left by keyboard', async ({ open }) => {
  const set = await scene();
  const page = await open('physician', `/patients/${set.patient.id}`);
  await expect(page.locator('.entries').first()).toBeVisible();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Ir al contenido' })).toBeFocused();
  await page.keyboard.press('Enter');
  const seen = new Set<string>();
  for (let press = 0; press < 30; press += 1) {
    await page.keyboard.press('Tab');
    const now = await page.evaluate(() => {
      const element = document.activeElement;
      if (!(element instanceof HTMLElement)) return undefined;
      const { outlineStyle, outlineWidth } = getComputedStyle(element);
      const box = element.getBoundingClientRect();
      return {
        name: element.getAttribute('aria-label') ?? element.innerText,
        outlined: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2,
        height: box.height,
        inside: box.bottom > 0 && box.top < innerHeight,
      };
    });
    expect(now?.outlined, `${now?.name ?? ''} shows that it has the focus`).toBe(true);
    expect(now?.inside, `${now?.name ?? ''} is in sight`).toBe(true);
    expect(now?.height, `${now?.name ?? ''} is large enough`).toBeGreaterThanOrEqual(24);
    seen.add(now?.name ?? '');
  }
  expect([...seen]).toEqual(expect.arrayContaining(['Historia', 'Notas', 'Medicación']));
});
