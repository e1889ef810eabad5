/** Signing in at an identity provider: there and back again. */

import { api, data } from '../../api/client';
import { Problem } from '../../api/problem';

const pending = 'galeno.oidc';

interface Pending {
  provider: string;
  token: string;
}

export async function beginOidc(provider: string): Promise<void> {
  const redirect_uri = `${window.location.origin}/sign-in/return`;
  const started = await data(
    api().POST('/api/v1/auth/sign-in/oidc/{provider}/start', {
      params: { path: { provider } },
      body: { redirect_uri, delivery: 'cookie' },
    }),
  );
  // It only says which start this return belongs to; it is worth nothing without the provider's answer.
  sessionStorage.setItem(pending, JSON.stringify({ provider, token: started.token } satisfies Pending));
  window.location.assign(started.authorization_url);
}

export async function finishOidc(code: string, state: string) {
  const text = sessionStorage.getItem(pending);
  sessionStorage.removeItem(pending);
  if (text === null) throw new Problem('sign-in-lost');
  const { provider, token } = JSON.parse(text) as Pending;
  return data(
    api().POST('/api/v1/auth/sign-in/oidc/{provider}', {
      params: { path: { provider } },
      body: { token, code, state },
    }),
  );
}
