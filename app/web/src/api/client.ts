/** The one way to the API: typed by its description, with cookie, language, deadline and problems. */

import createClient, { type Client } from 'openapi-fetch';
import { begin, sessionEnded, sessionNow, troubled, well } from './platform';
import { Problem, problemOf } from './problem';
import type { components, paths } from './schema';

export type Schemas = components['schemas'];

/** What the file server tells this page. */
export interface Config {
  readonly apiOrigin: string;
  readonly languages: readonly string[];
  readonly environment?: string;
}

/** No answer after this long is no answer, and a body that rests as long has ended. The API gives up after 15 seconds. */
const deadline = 20_000;

/** The slowest way up that is waited for, in bytes a second: a phone at the edge of its network. */
const slowest = 16_000;

let language = 'es';
let client: Client<paths> | undefined;

export function speak(chosen: string) {
  language = chosen;
}

export function connect(config: Config) {
  client = createClient<paths>({
    baseUrl: config.apiOrigin,
    credentials: 'include',
    fetch: (request) => guarded(request, deadline),
  });
}

/** The client. `connect` comes first. */
export function api(): Client<paths> {
  if (!client) throw new Error('connect() comes before api()');
  return client;
}

/** For a request that carries a file: it has the time that its way takes. */
export function carrying(bytes: number): { fetch: (request: Request) => Promise<Response> } {
  return { fetch: (request) => guarded(request, deadline + (bytes / slowest) * 1000) };
}

async function guarded(request: Request, patience: number): Promise<Response> {
  request.headers.set('Accept-Language', language);
  const end = begin();
  const session = sessionNow();
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), patience);
  try {
    const response = await fetch(request, { signal: AbortSignal.any([request.signal, late.signal]) });
    const over = response.status === 401 && !signIn.test(new URL(request.url).pathname);
    if (over && session === sessionNow()) sessionEnded(true);
    // "No content" has no body, though browsers give it an empty one.
    if (response.body === null || response.status === 204) return response;
    return new Response(
      flowing(response.body, late, () => lost(request)),
      response,
    );
  } catch {
    throw lost(request);
  } finally {
    clearTimeout(timer);
    end();
  }
}

type Bytes = ReadableStream<Uint8Array<ArrayBuffer>>;

/** A body that may take its time, as long as something of it comes. */
export function flowing(body: Bytes, late: AbortController, lost: () => Problem): Bytes {
  const reader = body.getReader();
  return new ReadableStream({
    pull: async (controller) => {
      const timer = setTimeout(() => late.abort(), deadline);
      try {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch {
        throw lost();
      } finally {
        clearTimeout(timer);
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

/** There is no answer that can be read. What was sent may have been done. */
function lost(request: Request): Problem {
  const problem = new Problem('unreachable');
  // What the page itself has given up says nothing about the platform.
  if (!request.signal.aborted) troubled(problem);
  return problem;
}

interface Answer {
  data?: unknown;
  error?: unknown;
  response: Response;
}

/** Sign-in itself is answered with 401 when it is refused; everywhere else that means that the session is over. */
const signIn = /\/auth\/(sign-in|me$)/;

/** The data of an answer; anything else is thrown as a `Problem`. */
export async function data<A extends Answer>(answer: Promise<A>): Promise<Exclude<A['data'], undefined>> {
  const { data, error, response } = await answer.catch((reason: unknown) => {
    // An answer that was cut off after its beginning says nothing either.
    throw reason instanceof Problem ? reason : new Problem('unreachable');
  });
  if (response.ok) {
    well();
    return data as Exclude<A['data'], undefined>;
  }
  const problem = problemOf(response, error);
  if (problem.passing) troubled(problem);
  else well();
  throw problem;
}

/** What changes something carries: the key that makes a repetition harmless. */
export function sending(key: string): { headers: Record<string, string> } {
  return { headers: { 'Idempotency-Key': key } };
}

/** The version that was read, as `If-Match` wants it. */
export function match(version: number): { 'If-Match': string } {
  return { 'If-Match': `"${version}"` };
}
