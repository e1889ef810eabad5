import { defineConfig } from '@playwright/test';

const chromium = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results',
  globalSetup: './tests/support/setup.ts',
  timeout: 90_000,
  expect: { timeout: 20_000 },
  fullyParallel: false,
  workers: 2,
  forbidOnly: process.env['CI'] !== undefined,
  reporter: process.env['CI'] === undefined ? 'list' : [['list'], ['github']],
  use: {
    actionTimeout: 30_000,
    browserName: 'chromium',
    launchOptions: { executablePath: chromium },
    locale: 'es-ES',
    timezoneId: 'America/Bogota',
    trace: 'retain-on-failure',
    viewport: { width: 1280, height: 860 },
  },
  projects: [
    { name: 'journeys', testMatch: /journeys\/.*\.spec\.ts/ },
    { name: 'quality', testMatch: /quality\/.*\.spec\.ts/ },
    { name: 'score', testMatch: /score\/.*\.spec\.ts/, workers: 1 },
    { name: 'screenshots', testMatch: /screenshots\.spec\.ts/ },
  ],
});
