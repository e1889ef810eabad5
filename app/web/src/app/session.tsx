/** Who is signed in, in which organization; signing out in every tab at once. */

import { queryOptions, useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query';
import { createContext, use, useEffect, type ReactNode } from 'react';
import { api, data, sending, type Schemas } from '../api/client';
import { sessionEnded } from '../api/platform';
import { asProblem } from '../api/problem';
import { inZone } from '../i18n';
import { wipe } from '../drafts/vault';

export type Me = Schemas['Me'];
export type Role = Schemas['Role'];

const Session = createContext<Me | undefined>(undefined);
const channel = new BroadcastChannel('galeno');

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: async () => {
    try {
      return await data(api().GET('/api/v1/auth/me'));
    } catch (error) {
      // Nobody is signed in: that is an answer, too.
      if (asProblem(error).status === 401) return null;
      throw error;
    }
  },
  staleTime: 5 * 60_000,
});

export const organizationQuery = queryOptions({
  queryKey: ['organization'],
  queryFn: () => data(api().GET('/api/v1/organization')),
  staleTime: Infinity,
});

export function Signed({ me, children }: { me: Me; children: ReactNode }) {
  const organization = useQuery({ ...organizationQuery, enabled: !me.must_enrol });
  useEffect(() => {
    if (organization.data) inZone(organization.data.time_zone);
  }, [organization.data]);
  return <Session value={me}>{children}</Session>;
}

/** Who is signed in. Only below `Signed`. */
export function useMe(): Me {
  const me = use(Session);
  if (!me) throw new Error('useMe() belongs below Signed');
  return me;
}

/**
 * Ends the session here and in the other tabs, and leaves nothing of it on the device. When the API cannot be told, the
 * session goes on, and what was typed is gone all the same: whoever leaves a device that others use must be sure of it.
 */
export async function signOut(client: QueryClient, key: string) {
  await wipe().catch(() => undefined);
  try {
    await data(api().POST('/api/v1/auth/sign-out', sending(key)));
  } catch (error) {
    // A session that has ended already is what was wanted.
    if (asProblem(error).status !== 401) throw error;
  }
  await forget(client);
  channel.postMessage('signed-out');
}

async function forget(client: QueryClient) {
  await wipe().catch(() => undefined);
  client.clear();
  sessionStorage.clear();
  // A new page: nothing that was shown stays in this one's memory.
  window.location.assign('/sign-in');
}

/** Another tab signed out, or in. */
export function useOtherTabs(person: string | undefined) {
  const client = useQueryClient();
  useEffect(() => {
    const listen = (event: MessageEvent<unknown>) => {
      if (event.data === 'signed-out' && person !== undefined) void forget(client);
      if (event.data === 'signed-in') void resume(client, person);
    };
    channel.addEventListener('message', listen);
    return () => channel.removeEventListener('message', listen);
  }, [client, person]);
}

/** After a sign-in: the same person goes on where they were; for another one everything begins anew. */
export async function signedIn(client: QueryClient, before: string | undefined) {
  await resume(client, before, () => channel.postMessage('signed-in'));
}

async function resume(client: QueryClient, before: string | undefined, known = () => {}) {
  sessionEnded(false);
  const me = await client.query({ ...meQuery, staleTime: 0 });
  known();
  if (before !== undefined && me?.person !== before) {
    await wipe().catch(() => undefined);
    client.clear();
    sessionStorage.clear();
    window.location.assign('/');
    return;
  }
  await client.invalidateQueries();
}
