/** The one way to the API: typed by its description, with cookie, language, deadline and problems. */

import createClient, { type Client } from 'openapi-fetch';
import { begin, sessionEnded, troubled, well } from './platform';
import { Problem, problemOf } from './problem';
import type { components, paths } from './schema';

export type Schemas = components['schemas'];

/** What the file server tells this page. */
export interface Config {
  readonly apiOrigin: string;
  readonly languages: readonly string[];
  readonly environment?: string;
}

/** No answer after this long is no answer. The API itself gives up after 15 seconds. */
const deadline = 20_000;

let language = 'es';
let client: Client<paths> | undefined;

export function speak(chosen: string) {
  language = chosen;
}

export function connect(config: Config) {
  client = createClient<paths>({ baseUrl: config.apiOrigin, credentials: 'include', fetch: guarded });
}

/** The client. `connect` comes first. */
export function api(): Client<paths> {
  if (!client) throw new Error('connect() comes before api()');
  return client;
}

async function guarded(request: Request): Promise<Response> {
  request.headers.set('Accept-Language', language);
  const end = begin();
  try {
    const response = await fetch(request, { signal: AbortSignal.any([request.signal, AbortSignal.timeout(deadline)]) });
    return response;
  } catch (error) {
    if (request.signal.aborted) throw error;
    const problem = new Problem('unreachable');
    troubled(problem);
    throw problem;
  } finally {
    end();
  }
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
  const { data, error, response } = await answer;
  if (response.ok) {
    well();
    return data as Exclude<A['data'], undefined>;
  }
  const problem = problemOf(response, error);
  if (problem.passing) troubled(problem);
  else well();
  if (problem.status === 401 && !signIn.test(new URL(response.url).pathname)) sessionEnded(true);
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
