/**
 * Sending something that changes something: once, however often the button is pressed.
 *
 * A key stands for one intention. While an attempt has no clear end (no answer, 503), the same content is sent with the
 * same key, so that repeating it has one effect. Other content, or a success, makes a new key.
 */

import { useCallback, useEffect, useRef, useState } from 'react';
import { asProblem, Problem } from './problem';

export interface Intent {
  readonly key: string;
  readonly content: string;
}

/** The key for this content, after the attempt `last` that has no clear end. */
export function intend(content: string, last: Intent | undefined): Intent {
  return last?.content === content ? last : { key: crypto.randomUUID(), content };
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
): Sending<V, R> {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const running = useRef(false);
  const last = useRef<Intent>(undefined);
  const current = useRef({ run, done });
  useEffect(() => {
    current.current = { run, done };
  });

  const send = useCallback(async (value: V) => {
    if (running.current) return undefined;
    running.current = true;
    setBusy(true);
    setProblem(undefined);
    const intent = intend(JSON.stringify([value]), last.current);
    last.current = intent;
    try {
      const result = await attempt(() => current.current.run(value, intent.key));
      last.current = undefined;
      await current.current.done?.(result, value);
      return result;
    } catch (error) {
      const failed = asProblem(error);
      if (!failed.passing) last.current = undefined;
      setProblem(failed);
      return undefined;
    } finally {
      running.current = false;
      setBusy(false);
    }
  }, []);
  const forget = useCallback(() => setProblem(undefined), []);
  return { busy, problem, send, forget };
}
