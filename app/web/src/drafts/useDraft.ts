import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { Keys } from '../api/send';
import { useMe } from '../app/session';
import { drop, keep, recall } from './vault';

export interface Draft<T> {
  readonly value: T;
  readonly set: (value: T) => void;
  /** It was typed before a reload. */
  readonly restored: boolean;
  /** The keys with which it was sent, as long as it is not known what came of it: they outlive a reload, too. */
  readonly keys: Keys;
  /** Sent, or given up: nothing of it stays on this device. The form shows what it began with, or `next`. */
  readonly clear: (next?: T) => Promise<void>;
}

/** The state of a form that survives a reload. `name` says which form about whom: under another name it begins anew. */
export function useDraft<T>(name: string, initial: T): Draft<T> {
  const owner = useMe().person;
  const fresh = { name, value: initial, restored: false };
  const [state, setState] = useState(fresh);
  if (state.name !== name) setState(fresh);
  const { value, restored } = state.name === name ? state : fresh;
  const touched = useRef(false);
  const pending = useRef<{ timer: ReturnType<typeof setTimeout>; keep: () => void }>(undefined);
  const latest = useRef(initial);
  const start = useRef(initial);
  useEffect(() => {
    latest.current = initial;
  });
  /** What was typed is kept now, and not in a moment. */
  const flush = useCallback(() => {
    clearTimeout(pending.current?.timer);
    pending.current?.keep();
  }, []);
  const keys = useMemo(
    () =>
      new Keys((held) => {
        // What is sent is on this device before it is on its way.
        flush();
        const done = held.length === 0 ? drop(keysOf(name)) : keep(owner, keysOf(name), held);
        void done.catch(() => undefined);
      }),
    [owner, name, flush],
  );

  /** Nothing that belongs to another form is shown in this one. */
  const show = useCallback(
    (next: T, restored: boolean) =>
      setState((before) => (before.name === name ? { name, value: next, restored } : before)),
    [name],
  );

  useEffect(() => {
    let current = true;
    touched.current = false;
    start.current = latest.current;
    void Promise.all([recall(owner, name), recall(owner, keysOf(name))])
      .catch(() => [])
      .then(([kept, sent]) => {
        if (!current) return;
        if (Array.isArray(sent)) keys.restore(sent as [string, string][]);
        // What is being typed already goes before what was typed before.
        if (touched.current || kept === undefined) return;
        show(kept as T, true);
      });
    return () => {
      current = false;
      // Whoever leaves right after the last letter finds that letter, too.
      flush();
    };
  }, [owner, name, keys, show, flush]);

  const set = useCallback(
    (next: T) => {
      touched.current = true;
      setState((before) => (before.name === name ? { ...before, value: next } : before));
      clearTimeout(pending.current?.timer);
      const now = () => {
        pending.current = undefined;
        void keep(owner, name, next).catch(() => undefined);
      };
      pending.current = { timer: setTimeout(now, 250), keep: now };
    },
    [owner, name],
  );
  const clear = useCallback(
    async (next?: T) => {
      clearTimeout(pending.current?.timer);
      pending.current = undefined;
      touched.current = false;
      if (next !== undefined) start.current = next;
      show(start.current, false);
      keys.forget();
      await drop(name).catch(() => undefined);
    },
    [name, keys, show],
  );
  return { value, set, restored, keys, clear };
}

const keysOf = (name: string) => `${name}#keys`;
