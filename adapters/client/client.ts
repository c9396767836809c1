import { type ErrorCode, errorCodes, FlowKeysError } from '../../src/errors.ts';
import type {
  BatchAnswer,
  DecryptAnswer,
  EncryptedFor,
  InspectAnswer,
  Problem,
  ReencryptAnswer,
} from '../http/contract.ts';
import { isLoopback } from '../http/loopback.ts';

/** Options of {@link createClient}. */
export interface ClientOptions {
  /** The URL of the service, such as `https://keys.example.com`, with the path if an app mounts the service under one. */
  readonly baseUrl: string;
  /** The bearer token, or a function that returns one for each call. */
  readonly token?: string | (() => string | Promise<string>);
  /** How many times a call is retried when the service is unavailable (503). Default: 2. */
  readonly retries?: number;
  /** Default: the global `fetch`. */
  readonly fetch?: typeof fetch;
}

/** Options of one call. */
export interface CallOptions {
  /** Aborts the call and any wait before a retry. */
  readonly signal?: AbortSignal;
  /** The trace that the call belongs to: https://www.w3.org/TR/trace-context/#traceparent-header */
  readonly traceparent?: string;
}

/** One ciphertext of a batch. */
export interface BatchItem {
  readonly ciphertext: string;
  readonly keyId?: string;
}

/** The result of one item, or its error. */
export type BatchResult = DecryptAnswer | { readonly error: FlowKeysError };

/** What to re-encrypt, and for which consumers. */
export interface ReencryptRequest {
  /** What the input is, such as `card`. The message itself does not say. */
  readonly field: string;
  /** The names of 1 to 50 consumers, each once. */
  readonly consumers: readonly string[];
  readonly keyId?: string;
  /** The contact id of the call, for the audit. */
  readonly contactId?: string;
}

/** A result or an error for each consumer, in the order of the consumers. */
export interface Reencryption extends Omit<ReencryptAnswer, 'results'> {
  readonly results: readonly (EncryptedFor | { readonly consumer: string; readonly error: FlowKeysError })[];
}

/** A client of the HTTP service. Each method throws {@link FlowKeysError}; see {@link createClient}. */
export interface Client {
  /** Decrypts one ciphertext. */
  decrypt(ciphertext: string, options?: CallOptions & { readonly keyId?: string }): Promise<DecryptAnswer>;
  /** Decrypts up to 100 ciphertexts. The results are in the order of the items. */
  decryptBatch(items: readonly BatchItem[], options?: CallOptions): Promise<readonly BatchResult[]>;
  /** Re-encrypts the input for up to 50 consumers. */
  reencrypt(ciphertext: string, request: ReencryptRequest, options?: CallOptions): Promise<Reencryption>;
  /** Reads a ciphertext without a key, and verifies its signature. */
  inspect(ciphertext: string, options?: CallOptions): Promise<InspectAnswer>;
}

// Milliseconds.
const firstDelay = 200;
const longestDelay = 5_000;

/**
 * Creates a client of the HTTP service. Its methods throw FlowKeysError with the code from the service's response,
 * `service_unreachable` if no response came from the service, and `deadline_exceeded` if the signal was aborted.
 *
 * @throws FlowKeysError `not_configured` for a base URL that is not https, except on loopback
 * @example
 * const client = createClient({ baseUrl: 'https://keys.example.com', token });
 * const { plaintext } = await client.decrypt(ciphertext, { signal: AbortSignal.timeout(5_000) });
 */
export function createClient({ baseUrl, token, retries = 2, fetch: send = fetch }: ClientOptions): Client {
  assertPrivate(baseUrl);

  async function call<Answer>(path: string, body: unknown, { signal, traceparent }: CallOptions): Promise<Answer> {
    for (let attempt = 0; ; attempt += 1) {
      const response = await post(path, body, signal, traceparent);
      if (response.ok) return (await readObject(response, signal)) as Answer;
      const delay = delayBefore(attempt, response.headers.get('retry-after'));
      if (response.status !== 503 || attempt >= retries || delay > longestDelay) {
        throw errorOf(await readObject(response, signal), response.status);
      }
      await response.body?.cancel().catch(() => {});
      await wait(delay, signal);
    }
  }

  async function post(path: string, body: unknown, signal: AbortSignal | undefined, traceparent: string | undefined) {
    const bearer = typeof token === 'function' ? await token() : token;
    const init = {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
        ...(traceparent !== undefined && { traceparent }),
      },
      body: JSON.stringify(body),
      // Following a redirect would hand the ciphertext, and perhaps the token, to another service.
      redirect: 'manual' as const,
      ...(signal && { signal }),
    };
    let response: Response;
    try {
      response = await send(baseUrl.replace(/\/$/, '') + path, init);
    } catch (cause) {
      throw signal?.aborted ? aborted() : unreachable('did not respond', cause);
    }
    // Browsers hide the status of a redirect.
    const isRedirect = response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400);
    if (isRedirect) throw unreachable('sent a redirect, which the client does not follow');
    return response;
  }

  return {
    decrypt: (ciphertext, { keyId, ...options } = {}) =>
      call('/v1/decrypt', { ciphertext, ...(keyId !== undefined && { keyId }) }, options),
    async decryptBatch(items, options = {}) {
      const { results } = await call<Partial<BatchAnswer>>('/v1/decrypt/batch', { items }, options);
      return withErrors(results);
    },
    async reencrypt(ciphertext, { field, consumers, keyId, contactId }, options = {}) {
      const body = { ciphertext, field, consumers, keyId, contactId };
      const { results, ...decrypted } = await call<Partial<ReencryptAnswer>>('/v1/reencrypt', body, options);
      return { ...decrypted, results: withErrors(results) };
    },
    inspect: (ciphertext, options = {}) => call('/v1/inspect', { ciphertext }, options),
  };
}

/** @throws FlowKeysError `not_configured` for a URL that would send tokens and plaintexts over a network unencrypted */
function assertPrivate(baseUrl: string): void {
  const { protocol, hostname } = URL.canParse(baseUrl) ? new URL(baseUrl) : { protocol: '', hostname: '' };
  if (protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))) return;
  throw new FlowKeysError('not_configured', 'baseUrl must be an https URL; http is for loopback addresses only.');
}

async function readObject(response: Response, signal: AbortSignal | undefined): Promise<object> {
  try {
    const body: unknown = await response.json();
    if (typeof body === 'object' && body !== null) return body;
    throw new Error('The body is not an object.');
  } catch (cause) {
    if (signal?.aborted) throw aborted();
    throw unreachable(`sent status ${response.status} without a JSON object`, cause);
  }
}

/** The results, with a FlowKeysError in place of each problem. */
function withErrors<Result extends object>(results: readonly (Result | { readonly error: Problem })[] | undefined) {
  if (!Array.isArray(results)) throw unreachable('sent a response without results');
  return results.map((result) =>
    'error' in result ? { ...result, error: errorOf(result.error, result.error.status) } : result,
  );
}

/** The error that problem details describe. */
function errorOf(problem: object, status: number): FlowKeysError {
  const { code, detail }: { code?: unknown; detail?: unknown } = problem;
  if (!isErrorCode(code) || typeof detail !== 'string')
    return unreachable(`sent status ${status} without a known code`);
  return new FlowKeysError(code, detail);
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(errorCodes, code);
}

/** Milliseconds: at least what the service asks for, longer each time, and random so that clients do not retry together. */
function delayBefore(attempt: number, retryAfter: string | null): number {
  const asked = Number(retryAfter ?? 0) * 1_000 || 0;
  return Math.max(0, asked) + firstDelay * 2 ** attempt * Math.random();
}

async function wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const timer = setTimeout(resolve, milliseconds);
  signal?.addEventListener('abort', resolve);
  if (!signal?.aborted) await promise;
  signal?.removeEventListener('abort', resolve);
  clearTimeout(timer);
  if (signal?.aborted) throw aborted();
}

function unreachable(what: string, cause?: unknown): FlowKeysError {
  const message = `The service ${what}. Check baseUrl, the network and the log of the service.`;
  return new FlowKeysError('service_unreachable', message, { cause });
}

function aborted(): FlowKeysError {
  return new FlowKeysError('deadline_exceeded', 'The call was aborted before the service responded.');
}
