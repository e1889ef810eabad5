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

/** What depends on the colours; the rest of a page is the same in both themes. */
const colours = ['color-contrast', 'link-in-text-block'];

const chosen = process.env['SCREENS']?.split(',');
const wanted = screens.filter(({ name }) => chosen?.includes(name) ?? true);

// Two workers, each with half of the screens.
test.describe.configure({ mode: 'parallel' });

for (const half of [0, 1] as const) {
  test(`every screen passes axe in both themes, half ${half + 1}`, async ({ open }) => {
    test.setTimeout(900_000);
    const set = await scene();
    const found: string[] = [];
    const pages = new Map<string, Page>();
    const middle = Math.ceil(wanted.length / 2);
    for (const screen of half === 0 ? wanted.slice(0, middle) : wanted.slice(middle)) {
      const who = screen.who(set);
      const key = typeof who === 'object' ? who.token : (who ?? 'nobody');
      const page =
        pages.get(key) ?? (await open(who, '/robots.txt', { colorScheme: 'light', reducedMotion: 'reduce' }));
      pages.set(key, page);
      try {
        await page.goto(screen.path(set));
        await screen.ready(page, set);
        found.push(...(await look(page, new AxeBuilder({ page }).withTags(tags), 10)).map(of(screen.name, 'light')));
        await page.emulateMedia({ colorScheme: 'dark' });
        found.push(...(await look(page, new AxeBuilder({ page }).withRules(colours), 1)).map(of(screen.name, 'dark')));
        for (const [name, size] of Object.entries(widths)) {
          await page.setViewportSize(size);
          const wide = await overflow(page);
          if (wide > 0) found.push(`${screen.name}: ${wide} pixels too wide on ${name}`);
        }
      } catch (error) {
        // The others are looked at all the same: one run tells everything.
        found.push(`${screen.name}: ${String(error).slice(0, 600)}`);
      }
      await page.emulateMedia({ colorScheme: 'light' });
      await page.setViewportSize({ width: 1280, height: 860 });
    }
    expect(found).toEqual([]);
  });
}

const of = (screen: string, theme: string) => (finding: string) => `${screen}, ${theme}: ${finding}`;

/** What axe finds; `least` rules have to have found something that they could judge. */
async function look(page: Page, axe: AxeBuilder, least: number): Promise<string[]> {
  const { violations, passes } = await axe.analyze();
  if (passes.length < least) throw new Error(`axe judged ${passes.length} rules on ${page.url()}`);
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 140)).join(' | ')}`);
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
