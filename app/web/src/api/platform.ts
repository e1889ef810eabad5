/** The state of the platform as this page sees it: what the last answers said, and whether one is overdue. */

import { useSyncExternalStore } from 'react';
import type { Problem } from './problem';

export type Trouble = 'unreachable' | 'unavailable' | 'busy' | 'database-unavailable' | 'restoring' | 'timed-out';

export interface Platform {
  readonly trouble: Trouble | undefined;
  /** When the API is asked again (milliseconds since 1970). */
  readonly again: number | undefined;
  /** An answer is overdue. */
  readonly slow: boolean;
  /** The session ended while somebody was at work. */
  readonly ended: boolean;
}

/** After this long without an answer the page says that it is still waiting. */
const overdue = 3000;

let state: Platform = { trouble: undefined, again: undefined, slow: false, ended: false };
let session = 0;
const listeners = new Set<() => void>();
const waiting = new Set<object>();
const late = new Set<object>();

function set(change: Partial<Platform>) {
  const next = { ...state, ...change };
  if (Object.keys(next).every((key) => next[key as keyof Platform] === state[key as keyof Platform])) return;
  state = next;
  listeners.forEach((listener) => listener());
}

/** A request begins. Call what is returned when it has ended. */
export function begin(): () => void {
  const request = {};
  waiting.add(request);
  const timer = setTimeout(() => {
    late.add(request);
    set({ slow: true });
  }, overdue);
  return () => {
    clearTimeout(timer);
    waiting.delete(request);
    late.delete(request);
    if (late.size === 0) set({ slow: false });
  };
}

/** An answer came that is about the request and not about the platform. */
export function well() {
  set({ trouble: undefined, again: undefined });
}

export function troubled(problem: Problem) {
  const wait = problem.retryAfter ?? 5;
  const trouble = problem.kind === 'outcome-unknown' ? 'database-unavailable' : (problem.kind as Trouble);
  set({ trouble, again: Date.now() + wait * 1000 });
}

/** Which of the sessions that one page has seen this is: an answer about the one before says nothing about the next. */
export function sessionNow(): number {
  return session;
}

export function sessionEnded(ended: boolean) {
  if (!ended) session += 1;
  set({ ended });
}

export function platform(): Platform {
  return state;
}

export function usePlatform(): Platform {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, platform);
}
