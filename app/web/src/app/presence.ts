/** Whether somebody is at the screen. What asks by itself keeps the session awake: it must not do that for an empty chair. */

import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

const signs = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const;

/** Nobody is there after this long without a sign: far less than after what a session ends. */
export const quiet = 3 * 60_000;

/** Tells when somebody has gone, and when somebody is back. Returns how to stop it. */
export function watchPresence(target: EventTarget, change: (present: boolean) => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wait = () => {
    timer = setTimeout(() => {
      timer = undefined;
      change(false);
    }, quiet);
  };
  const sign = () => {
    if (timer === undefined) change(true);
    clearTimeout(timer);
    wait();
  };
  wait();
  for (const each of signs) target.addEventListener(each, sign, { passive: true });
  return () => {
    clearTimeout(timer);
    for (const each of signs) target.removeEventListener(each, sign);
  };
}

/**
 * How often a list that others change is read anew: while somebody is there. A page that is not in sight is not asked for
 * anyway (`refetchIntervalInBackground`). Who comes back sees what is now.
 */
export function usePolling(): number | false {
  const client = useQueryClient();
  const [present, setPresent] = useState(true);
  useEffect(
    () =>
      watchPresence(window, (now) => {
        setPresent(now);
        if (now) void client.refetchQueries({ type: 'active', stale: true });
      }),
    [client],
  );
  return present ? 30_000 : false;
}
