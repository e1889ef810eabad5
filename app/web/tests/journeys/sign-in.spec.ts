import type { Schemas } from '../../src/api/client';
import { as, newPatient, organization, withAccount } from '../support/api';
import { expect, field, test } from '../support/test';
import { totp } from '../support/totp';
import { until } from '../support/process';

test('a patient signs in with a password, and leaves nothing behind', async ({ open }) => {
  const patient = await newPatient('Lucía');
  const { username, password } = await withAccount(patient);
  const page = await open(undefined, '/prescriptions');
  // Not signed in: first that, then where they wanted to go.
  await expect(page).toHaveURL(/sign-in\?next=/);
  await field(page, 'Centro').fill(organization);
  await field(page, 'Usuario').fill(username);
  await field(page, 'Contraseña').fill('not the password at all');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert')).toContainText('no válidos');
  await field(page, 'Contraseña').fill(password);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Recetas' })).toBeVisible();

  const cookies = await page.context().cookies();
  expect(
    cookies.map(({ name, httpOnly, secure, sameSite, path }) => ({ name, httpOnly, secure, sameSite, path })),
  ).toEqual([{ name: '__Host-galeno', httpOnly: true, secure: true, sameSite: 'Strict', path: '/' }]);
  const token = cookies[0]?.value ?? '';
  expect(token.length).toBeGreaterThan(20);
  const readable = await page.evaluate(() =>
    JSON.stringify([document.cookie, Object.entries(localStorage), Object.entries(sessionStorage)]),
  );
  expect(readable).not.toContain(token);
  expect(readable).not.toContain('gs_');
  expect(readable).not.toContain(username);

  await page.getByRole('button', { name: /Menú de/ }).click();
  await page.getByRole('menuitem', { name: 'Salir' }).click();
  await expect(page.getByRole('heading', { name: 'Entrar' })).toBeVisible();
  expect(await page.context().cookies()).toEqual([]);
  await page.goBack();
  await expect(page.getByRole('heading', { name: 'Entrar' })).toBeVisible();
});

test('staff activate their access, set up a second factor, and sign in with it', async ({ open }) => {
  // It waits for the code after the one that was used.
  test.slow();
  const administrator = as('administrator');
  const member = await administrator.post<Schemas['StaffMember']>('/staff', {
    role: 'nurse',
    given_name: 'Teo',
    family_name: 'Nuevo Turno',
  });
  const username = `teo-${member.id.slice(-8)}`;
  const access = await administrator.post<Schemas['Access']>(`/staff/${member.id}/access`, { username });
  const password = 'nieve-barro-ancla-trigo';
  const page = await open(undefined, '/activate');
  await field(page, 'Centro').fill(organization);
  await field(page, 'Usuario').fill(username);
  await field(page, 'Código de activación').fill(access.activation_code);
  await field(page, 'Contraseña nueva').fill('short');
  await page.getByRole('button', { name: 'Activar' }).click();
  await expect(page.getByRole('link', { name: 'Entrar' })).toHaveCount(0);
  await field(page, 'Contraseña nueva').fill(password);
  await page.getByRole('button', { name: 'Activar' }).click();
  await page.getByRole('link', { name: 'Entrar' }).click();
  const enter = async () => {
    await field(page, 'Usuario').fill(username);
    await field(page, 'Contraseña').fill(password);
    await page.keyboard.press('Enter');
  };
  await enter();
  // Nothing but this can be done without a second factor.
  await expect(page.getByRole('heading', { name: 'Proteja su acceso' })).toBeVisible();
  await page.getByRole('button', { name: 'Preparar la aplicación de códigos' }).click();
  await expect(page.getByRole('img', { name: /Código QR/ })).toBeVisible();
  const secret = (await page.locator('.secret').innerText()).replaceAll(/\s/g, '');
  const first = totp(secret);
  await field(page, 'Código que muestra la aplicación').fill(first);
  await page.getByRole('button', { name: 'Confirmar' }).click();
  await expect(page).toHaveURL(/sign-in/);
  await enter();
  await expect(page.getByLabel('Código de seis cifras')).toBeFocused();
  const code = await until('the next code', () => totp(secret) !== first && totp(secret), 60);
  await field(page, 'Código de seis cifras').fill(code);
  // The sixth digit sends it.
  await expect(page.getByRole('heading', { name: 'Hoy' })).toBeVisible();
});

test('a passkey is added, signs in alone, and is removed', async ({ open }) => {
  const { username, token } = await withAccount(await newPatient('Marcos'));
  const page = await open({ token }, '/account');
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  await field(page, /Nombre de la llave/).fill('Mi móvil');
  await page.getByRole('button', { name: 'Añadir llave de acceso' }).click();
  await expect(page.getByText('Mi móvil', { exact: true })).toBeVisible();
  await page.getByRole('button', { name: /Menú de/ }).click();
  await page.getByRole('menuitem', { name: 'Salir' }).click();
  await field(page, 'Centro').fill(organization);
  await page.getByRole('button', { name: 'Entrar con llave de acceso' }).click();
  await expect(page.getByRole('heading', { name: /Hola, Marcos/ })).toBeVisible();
  await page.goto('/account');
  await expect(page.getByText(`Usuario: ${username}`)).toBeVisible();
  await page.getByRole('button', { name: 'Quitar la llave Mi móvil' }).click();
  await expect(page.getByText('Mi móvil', { exact: true })).toHaveCount(0);
});

test('an identity provider signs in, there and back', async ({ open }) => {
  const page = await open(undefined, `/sign-in?organization=${organization}`);
  await page.getByRole('button', { name: 'Entrar con clinic-id' }).click();
  await expect(page.getByRole('heading', { name: 'Hoy' })).toBeVisible();
  await expect(page.getByRole('button', { name: /Olga Identidad Ajena/ })).toBeVisible();
  // A return that nobody started is refused in words.
  await page.goto('/sign-in/return?code=x&state=y');
  await expect(page.getByText('No se ha podido entrar con su proveedor')).toBeVisible();
});

test('only addresses of the application are gone to after signing in', async ({ open }) => {
  const { username, password } = await withAccount(await newPatient());
  const page = await open(undefined, '/sign-in?next=//example.org/steal');
  await field(page, 'Centro').fill(organization);
  await field(page, 'Usuario').fill(username);
  await field(page, 'Contraseña').fill(password);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: /Hola/ })).toBeVisible();
});
