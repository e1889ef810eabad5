/**
 * Sending something that changes something: once, however often the button is pressed.
 *
 * A key stands for one intention. Until what it was sent with has a clear end (no answer and 503 are none), the same
 * content is sent with the same key, so that repeating it has one effect. A form with a draft keeps its keys with it.
 */

import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState } from 'react';
import { asProblem, Problem } from './problem';

/** The keys of what has no clear end yet, by what was sent. */
export class Keys {
  #held: ReadonlyMap<string, string> = new Map();
  readonly #changed: (held: readonly (readonly [string, string])[]) => void;

  constructor(changed: (held: readonly (readonly [string, string])[]) => void = () => {}) {
    this.#changed = changed;
  }

  of(content: string): string {
    const known = this.#held.get(content);
    if (known !== undefined) return known;
    const key = crypto.randomUUID();
    this.#set(new Map([...this.#held, [content, key]]));
    return key;
  }

  /** Those from before a reload. */
  restore(held: readonly (readonly [string, string])[]) {
    this.#held = new Map([...held, ...this.#held]);
  }

  /** It has a clear end; without a content, everything has. */
  forget(content?: string) {
    this.#set(new Map(content === undefined ? [] : [...this.#held].filter(([each]) => each !== content)));
  }

  #set(held: ReadonlyMap<string, string>) {
    this.#held = held;
    this.#changed([...held]);
  }
}

/** What is tried again without asking: the API itself says that it is a matter of moments. */
const byItself = new Set(['busy', 'outcome-unknown']);
const attempts = 4;

const wait = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

export async function attempt<R>(once: () => Promise<R>): Promise<R> {
  for (let number = 1; ; number += 1) {
    try {
      return await once();
    } catch (error) {
      const problem = asProblem(error);
      if (!byItself.has(problem.kind) || number >= attempts) throw problem;
      await wait(Math.min(problem.retryAfter ?? number, 5));
    }
  }
}

export interface Sending<V, R> {
  readonly busy: boolean;
  readonly problem: Problem | undefined;
  /** The answer, or nothing when it failed (then `problem` says why) or one is under way already. */
  readonly send: (value: V) => Promise<R | undefined>;
  readonly forget: () => void;
}

export function useSend<V, R>(
  run: (value: V, key: string) => Promise<R>,
  done?: (result: R, value: V) => unknown,
  kept?: Keys,
): Sending<V, R> {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const running = useRef(false);
  const client = useQueryClient();
  const [own] = useState(() => new Keys());
  const keys = kept ?? own;
  const current = useRef({ run, done, keys });
  useEffect(() => {
    current.current = { run, done, keys };
  });

  const send = useCallback(
    async (value: V) => {
      if (running.current) return undefined;
      running.current = true;
      setBusy(true);
      setProblem(undefined);
      const { keys } = current.current;
      const content = JSON.stringify([value]);
      const key = keys.of(content);
      try {
        const result = await attempt(() => current.current.run(value, key));
        keys.forget();
        await current.current.done?.(result, value);
        return result;
      } catch (error) {
        const failed = asProblem(error);
        if (!failed.passing) keys.forget(content);
        // What is shown is older than what is there.
        if (failed.conflict) void client.invalidateQueries();
        setProblem(failed);
        return undefined;
      } finally {
        running.current = false;
        setBusy(false);
      }
    },
    [client],
  );
  const forget = useCallback(() => setProblem(undefined), []);
  return { busy, problem, send, forget };
}
