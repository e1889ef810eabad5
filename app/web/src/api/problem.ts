/** What went wrong, as the API says it (RFC 9457), or as the browser noticed it. */

export interface FieldFault {
  /** JSON pointer into the request's body, for example `/patient/phone`. */
  readonly pointer: string;
  readonly detail: string;
}

/** Kinds that say nothing about the request itself: the same request may work in a moment. */
const passing = new Set([
  'unreachable',
  'unavailable',
  'busy',
  'database-unavailable',
  'restoring',
  'timed-out',
  'outcome-unknown',
]);

const prefix = 'urn:galeno:problem:';

export class Problem extends Error {
  /** The last part of the problem's `type`; `unreachable` when there was no answer at all. */
  readonly kind: string;
  readonly status: number;
  readonly detail: string | undefined;
  readonly fields: readonly FieldFault[];
  /** Seconds after which the API wants to be asked again. */
  readonly retryAfter: number | undefined;
  /** The request's identifier, for the people who look after the platform. */
  readonly request: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;

  constructor(kind: string, status = 0, body: Record<string, unknown> = {}, retryAfter?: number) {
    super(typeof body['title'] === 'string' ? body['title'] : kind);
    this.name = 'Problem';
    this.kind = kind;
    this.status = status;
    this.body = body;
    this.detail = typeof body['detail'] === 'string' ? body['detail'] : undefined;
    this.request = typeof body['instance'] === 'string' ? body['instance'] : undefined;
    this.fields = Array.isArray(body['errors']) ? body['errors'].filter(isFieldFault) : [];
    this.retryAfter = retryAfter;
  }

  /** The same request may work in a moment. */
  get passing(): boolean {
    return passing.has(this.kind);
  }

  /** Somebody else changed it, or took it, meanwhile. */
  get conflict(): boolean {
    return this.status === 412 || this.status === 409;
  }

  /** What is wrong with a field, by the end of its pointer. */
  field(name: string): string | undefined {
    return this.fields.find((fault) => fault.pointer === `/${name}` || fault.pointer.endsWith(`/${name}`))?.detail;
  }
}

function isFieldFault(value: unknown): value is FieldFault {
  return typeof value === 'object' && value !== null && 'pointer' in value && 'detail' in value;
}

/**
 * The problem of an answer. What has no problem's body was not said by the API but by something on the way to it: where that
 * is 404 or above 499, the API was not reached, or not heard.
 */
export function problemOf(response: Response, body: unknown): Problem {
  const known = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  const type = known['type'];
  let kind = typeof type === 'string' && type.startsWith(prefix) ? type.slice(prefix.length) : undefined;
  kind ??= response.status === 404 || response.status >= 500 ? 'unavailable' : 'internal';
  return new Problem(kind, response.status, known, seconds(response.headers.get('Retry-After')));
}

/** `Retry-After` in seconds: a number, or a date. */
export function seconds(value: string | null, now = Date.now()): number | undefined {
  if (value === null || value.trim() === '') return undefined;
  const number = Number(value);
  if (Number.isFinite(number)) return Math.max(0, number);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - now) / 1000));
}

export function asProblem(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem('internal', 0, { title: String(error) });
}
