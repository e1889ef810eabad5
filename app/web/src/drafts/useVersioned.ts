import { useState } from 'react';
import { useSend } from '../api/send';
import { differences, type Fields } from './merge';
import { useDraft } from './useDraft';

export interface Versioned<T> {
  readonly version: number;
  readonly value: T;
}

interface Kept<T> {
  readonly value: T;
  /** What was read before anything was typed, and which version that was. */
  readonly base: T;
  readonly version: number;
}

/**
 * A form over something that others may change meanwhile. It is sent with the version that was read; if there is a newer
 * one, both are shown and nothing typed is lost.
 */
export function useVersioned<T extends Fields>(
  name: string,
  read: Versioned<T>,
  save: (value: T, version: number, key: string) => Promise<{ readonly version: number }>,
  reload: () => Promise<Versioned<T>>,
  done: () => unknown,
) {
  const draft = useDraft<Kept<T>>(name, { value: read.value, base: read.value, version: read.version });
  const [theirs, setTheirs] = useState<Versioned<T>>();
  const sending = useSend(
    async ({ value, version }: { value: T; version: number }, key) => {
      try {
        return await save(value, version, key);
      } catch (error) {
        if (error instanceof Error && 'kind' in error && error.kind === 'changed') setTheirs(await reload());
        throw error;
      }
    },
    async ({ version }, { value }) => {
      setTheirs(undefined);
      await draft.clear({ value, base: value, version });
      await done();
    },
    draft.keys,
  );
  const kept = draft.value;
  // As long as nothing was typed, the form follows what is read.
  const follows = read.version > kept.version && differences(kept.base, kept.value, kept.base).length === 0;
  const { value, base, version } = follows ? { value: read.value, base: read.value, version: read.version } : kept;
  return {
    value,
    set: (next: T) => draft.set({ value: next, base, version }),
    restored: draft.restored,
    discard: () => draft.clear({ value: read.value, base: read.value, version: read.version }),
    sending,
    submit: () => void sending.send({ value, version }),
    conflict: theirs && {
      base,
      mine: value,
      theirs: theirs.value,
      resolve: (next: T) => {
        draft.set({ value: next, base: theirs.value, version: theirs.version });
        void sending.send({ value: next, version: theirs.version });
      },
      cancel: () => {
        setTheirs(undefined);
        sending.forget();
      },
      busy: sending.busy,
    },
  };
}

export type Conflict<T extends Fields> = NonNullable<ReturnType<typeof useVersioned<T>>['conflict']>;
