/**
 * WCAG 2.2 AA: every rule of axe on every screen, light in Spanish and dark in English; 200 % zoom; from a small phone to a
 * wide screen; the keyboard. Lighthouse's score of accessibility is 100 where axe finds nothing: it asks fewer of its rules.
 */

import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { newPatient, treat, withAccount } from '../support/api';
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

const overflow = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

/** Nothing is wider than the screen but what scrolls by itself. What floats follows a new edge a moment later. */
async function tooWide(page: Page): Promise<number> {
  const fits = expect.poll(() => overflow(page), { timeout: 5_000 }).toBeLessThanOrEqual(0);
  return fits.then(
    () => 0,
    () => overflow(page),
  );
}

/** Each language once on every screen: words that are missing or too long belong to one of them. */
const looks = [
  { theme: 'light', language: 'es' },
  { theme: 'dark', language: 'en' },
] as const;

const chosen = process.env['SCREENS']?.split(',');
const wanted = screens.filter(({ name }) => chosen?.includes(name) ?? true);

// Two workers, each with half of the screens.
test.describe.configure({ mode: 'parallel' });

for (const half of [0, 1] as const) {
  test(`every screen passes axe in both themes, half ${half + 1}`, async ({ open }) => {
    test.setTimeout(1_800_000);
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
      for (const { theme, language } of looks) {
        const at = `${screen.name}, ${theme}, ${language}`;
        try {
          await page.emulateMedia({ colorScheme: theme });
          await page.goto('/robots.txt');
          await page.evaluate((chosen) => localStorage.setItem('galeno.language', chosen), language);
          await page.goto(screen.path(set));
          await screen.ready(page, set);
          found.push(...(await look(page)).map((finding) => `${at}: ${finding}`));
          for (const [name, size] of Object.entries(widths)) {
            await page.setViewportSize(size);
            const wide = await tooWide(page);
            if (wide > 0) found.push(`${at}: ${wide} pixels too wide on ${name}`);
          }
        } catch (error) {
          // The others are looked at all the same: one run tells everything.
          found.push(`${at}: ${String(error).slice(0, 600)}`);
        }
        await page.setViewportSize({ width: 1280, height: 860 });
      }
    }
    expect(found).toEqual([]);
  });
}

/** What axe finds; ten rules at least have to have found something that they could judge. */
async function look(page: Page): Promise<string[]> {
  const { violations, passes } = await new AxeBuilder({ page }).withTags(tags).analyze();
  if (passes.length < 10) throw new Error(`axe judged ${passes.length} rules on ${page.url()}`);
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

/** Tab by Tab until something of this name has the focus. */
async function tabTo(page: Page, name: string | RegExp) {
  const named = (text: string) => (typeof name === 'string' ? text === name : name.test(text));
  const passed: string[] = [];
  for (let press = 0; press < 80; press += 1) {
    await page.keyboard.press('Tab');
    const now = await page.evaluate(() => {
      const element = document.activeElement;
      if (!(element instanceof HTMLElement)) return '';
      const labels =
        element instanceof HTMLInputElement || element instanceof HTMLSelectElement ? element.labels : null;
      return (element.getAttribute('aria-label') ?? labels?.[0]?.innerText ?? element.innerText).trim();
    });
    if (named(now)) return;
    passed.push(now);
  }
  throw new Error(`Tab does not reach ${String(name)}: ${passed.join(', ')}`);
}

test('a patient books, and thinks better of cancelling, without a pointer', async ({ open }) => {
  const patient = await newPatient('Teclas');
  const { token } = await withAccount(patient);
  const page = await open({ token });
  await expect(page.getByText('No tiene citas pendientes')).toBeVisible();
  await tabTo(page, /^Pedir cita$/);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'Pedir cita' })).toBeVisible();
  await expect(page.getByLabel('Consulta').locator('option').nth(1)).toBeAttached();
  await tabTo(page, 'Consulta');
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('radio').first()).toBeVisible();
  await tabTo(page, /^\d\d:\d\d$/);
  await page.keyboard.press('Space');
  await expect(page.getByRole('radio', { checked: true })).toHaveCount(1);
  // From the first to the last one in sight: the first may begin meanwhile.
  await page.keyboard.press('ArrowUp');
  await expect(page.getByRole('radio').last()).toBeChecked();
  await tabTo(page, 'Pedir esta cita');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/appointments/);
  await expect(page.getByRole('button', { name: 'Anular' })).toBeVisible();
  await tabTo(page, 'Anular');
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: '¿Anular esta cita?' });
  await expect(dialog).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Anular' })).toBeFocused();
});

test('a physician goes from the day to a record, and through its parts without a pointer', async ({ open }) => {
  const patient = await newPatient('Dedos');
  await treat(patient.id);
  const page = await open('physician');
  await expect(page.getByRole('heading', { name: 'Hoy' })).toBeVisible();
  await page.keyboard.press('/');
  await expect(page.getByRole('combobox')).toBeFocused();
  await page.keyboard.type(patient.family_name);
  await expect(page.getByRole('option', { name: new RegExp(patient.family_name) })).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: `${patient.family_name}, Dedos` })).toBeVisible();
  await tabTo(page, 'Medicación');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/medication/);
  await expect(page.getByRole('button', { name: 'Recetar' })).toBeVisible();
  await tabTo(page, 'Recetar');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog')).toBeVisible();
  await tabTo(page, 'Cancelar');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Recetar' })).toBeFocused();
  await tabTo(page, 'Historia');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(`${patient.id}$`));
});
