import { useCallback, useEffect, useRef, useState } from 'react';
import { useMe } from '../app/session';
import { drop, keep, recall } from './vault';

export interface Draft<T> {
  readonly value: T;
  readonly set: (value: T) => void;
  /** It was typed before a reload. */
  readonly restored: boolean;
  /** Sent, or given up: nothing of it stays on this device. The form shows what it began with, or `next`. */
  readonly clear: (next?: T) => Promise<void>;
}

/** The state of a form that survives a reload. `name` says which form about whom. */
export function useDraft<T>(name: string, initial: T): Draft<T> {
  const owner = useMe().person;
  const [value, setValue] = useState(initial);
  const [restored, setRestored] = useState(false);
  const touched = useRef(false);
  const pending = useRef<{ timer: ReturnType<typeof setTimeout>; keep: () => void }>(undefined);
  const start = useRef(initial);

  useEffect(() => {
    let current = true;
    void recall(owner, name)
      .catch(() => undefined)
      .then((kept) => {
        // What is being typed already goes before what was typed before.
        if (!current || touched.current || kept === undefined) return;
        setValue(kept as T);
        setRestored(true);
      });
    return () => {
      current = false;
      // Whoever leaves right after the last letter finds that letter, too.
      clearTimeout(pending.current?.timer);
      pending.current?.keep();
    };
  }, [owner, name]);

  const set = useCallback(
    (next: T) => {
      touched.current = true;
      setValue(next);
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
      setRestored(false);
      if (next !== undefined) start.current = next;
      setValue(start.current);
      await drop(name).catch(() => undefined);
    },
    [name],
  );
  return { value, set, restored, clear };
}
