import { type ErrorCode, errorCodes, FlowKeysError } from '../../src/errors.ts';
import type { BatchAnswer, DecryptAnswer, EncryptedFor, InspectAnswer, ReencryptAnswer } from '../http/contract.ts';
import { isLoopback } from '../http/loopback.ts';

/** Options of {@link createClient}. */
export interface ClientOptions {
  /** Where the service is: `https://keys.example.com`, or with the path under which an app mounts it. */
  readonly baseUrl: string;
  /** The bearer token, or what gives one for each call. */
  readonly token?: string | (() => string | Promise<string>);
  /** How often a call is tried again when the service is unavailable (503). Default: 2. */
  readonly retries?: number;
  /** Default: the runtime's own. */
  readonly fetch?: typeof fetch;
}

/** Options of one call. */
export interface CallOptions {
  /** Aborts the call, and the waiting between its tries. */
  readonly signal?: AbortSignal;
  /** Of the trace that the call belongs to: https://www.w3.org/TR/trace-context/#traceparent-header */
  readonly traceparent?: string;
}

/** One ciphertext of a batch. */
export interface BatchItem {
  readonly ciphertext: string;
  readonly keyId?: string;
}

/** What became of an item: its error is of the same class as one that is thrown. */
export type BatchResult = DecryptAnswer | { readonly error: FlowKeysError };

/** What to encrypt for whom. */
export interface ReencryptRequest {
  /** What the input is; the message itself does not say. */
  readonly field: string;
  /** Names, 1 to 50, each once. */
  readonly consumers: readonly string[];
  readonly keyId?: string;
  /** Of the call in which the input was given. */
  readonly contactId?: string;
}

/** In the order of the consumers; an error is of the same class as one that is thrown. */
export interface Reencryption extends Omit<ReencryptAnswer, 'results'> {
  readonly results: readonly (EncryptedFor | { readonly consumer: string; readonly error: FlowKeysError })[];
}

/** Calls the HTTP service. */
export interface Client {
  decrypt(ciphertext: string, options?: CallOptions & { readonly keyId?: string }): Promise<DecryptAnswer>;
  /** Up to 100 at once; results are in the order of the items. */
  decryptBatch(items: readonly BatchItem[], options?: CallOptions): Promise<readonly BatchResult[]>;
  /** Encrypts the input again for up to 50 consumers, each of which answers for itself. */
  reencrypt(ciphertext: string, request: ReencryptRequest, options?: CallOptions): Promise<Reencryption>;
  inspect(ciphertext: string, options?: CallOptions): Promise<InspectAnswer>;
}

const firstDelay = 200;
const longestDelay = 5_000;

/**
 * A client of the HTTP service. Its methods throw FlowKeysError with the code that the service answered, or
 * `service_unreachable` when there was no answer of the service's.
 *
 * @example
 * const client = createClient({ baseUrl: 'https://keys.example.com', token });
 * const { plaintext } = await client.decrypt(ciphertext, { signal: AbortSignal.timeout(5_000) });
 */
export function createClient({ baseUrl, token, retries = 2, fetch: send = fetch }: ClientOptions): Client {
  assertPrivate(baseUrl);

  async function call<Answer>(path: string, body: unknown, { signal, traceparent }: CallOptions): Promise<Answer> {
    for (let attempt = 0; ; attempt += 1) {
      const response = await post(path, body, signal, traceparent);
      if (response.ok) return (await answerOf(response, signal)) as Answer;
      const delay = delayBefore(attempt, response.headers.get('retry-after'));
      if (response.status !== 503 || attempt >= retries || delay > longestDelay) {
        throw errorOf(await answerOf(response, signal), response.status);
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
      // Who follows a redirect hands the ciphertext, and perhaps the token, to another service.
      redirect: 'manual' as const,
      ...(signal && { signal }),
    };
    let response: Response;
    try {
      response = await send(baseUrl.replace(/\/$/, '') + path, init);
    } catch (cause) {
      throw signal?.aborted ? aborted() : unreachable('did not answer', cause);
    }
    // A browser does not say which redirect it was.
    const isRedirect = response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400);
    if (isRedirect) throw unreachable('answered with a redirect, which is not followed');
    return response;
  }

  return {
    decrypt: (ciphertext, { keyId, ...options } = {}) =>
      call('/v1/decrypt', { ciphertext, ...(keyId !== undefined && { keyId }) }, options),
    async decryptBatch(items, options = {}) {
      const { results } = await call<Partial<BatchAnswer>>('/v1/decrypt/batch', { items }, options);
      if (!Array.isArray(results)) throw unreachable('answered with what is no batch');
      return results.map((result) =>
        'error' in result ? { error: errorOf(result.error, result.error.status) } : result,
      );
    },
    async reencrypt(ciphertext, { field, consumers, keyId, contactId }, options = {}) {
      const body = { ciphertext, field, consumers, keyId, contactId };
      const { results, ...decrypted } = await call<Partial<ReencryptAnswer>>('/v1/reencrypt', body, options);
      if (!Array.isArray(results)) throw unreachable('answered with what is no re-encryption');
      return {
        ...decrypted,
        results: results.map((result) =>
          'error' in result ? { ...result, error: errorOf(result.error, result.error.status) } : result,
        ),
      };
    },
    inspect: (ciphertext, options = {}) => call('/v1/inspect', { ciphertext }, options),
  };
}

/** @throws FlowKeysError `not_configured` for what would send tokens and plaintexts over a network as they are */
function assertPrivate(baseUrl: string): void {
  const { protocol, hostname } = URL.canParse(baseUrl) ? new URL(baseUrl) : { protocol: '', hostname: '' };
  if (protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))) return;
  throw new FlowKeysError('not_configured', 'baseUrl must be an https URL; http is for loopback addresses only.');
}

async function answerOf(response: Response, signal: AbortSignal | undefined): Promise<unknown> {
  try {
    const answer: unknown = await response.json();
    if (typeof answer === 'object' && answer !== null) return answer;
    throw new Error('The answer is no object.');
  } catch (cause) {
    if (signal?.aborted) throw aborted();
    throw unreachable(`answered ${response.status} with what is no JSON`, cause);
  }
}

/** The error that a problem of the service's tells of. */
function errorOf(problem: unknown, status: number): FlowKeysError {
  if (typeof problem !== 'object' || problem === null) return unreachable(`answered ${status}`);
  const code = 'code' in problem ? problem.code : undefined;
  const detail = 'detail' in problem ? problem.detail : undefined;
  if (!isErrorCode(code) || typeof detail !== 'string') return unreachable(`answered ${status}`);
  return new FlowKeysError(code, detail);
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(errorCodes, code);
}

/** Milliseconds: no less than the service asks for, longer each time, and not the same for all clients. */
function delayBefore(attempt: number, retryAfter: string | null): number {
  const asked = Number(retryAfter ?? 0) * 1_000 || 0;
  return Math.max(0, asked) + firstDelay * 2 ** attempt * Math.random();
}

function wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = () => {
    clearTimeout(timer);
    reject(aborted());
  };
  const timer = setTimeout(() => {
    signal?.removeEventListener('abort', abort);
    resolve();
  }, milliseconds);
  if (signal?.aborted) abort();
  else signal?.addEventListener('abort', abort, { once: true });
  return promise;
}

function unreachable(what: string, cause?: unknown): FlowKeysError {
  const message = `The service ${what}. Check baseUrl, the network and the service's own log.`;
  return new FlowKeysError('service_unreachable', message, { cause });
}

function aborted(): FlowKeysError {
  return new FlowKeysError('deadline_exceeded', 'The call was given up before the service answered.');
}
