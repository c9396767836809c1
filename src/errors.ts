/**
 * Every error code this product answers with, and when.
 *
 * Codes are stable: flows, dashboards and clients may branch on them.
 */
export const errorCodes = {
  /** A required input is absent or empty. */
  missing_parameter: 'A required input is missing',
  /** The input is Connect's literal `Timeout`: the caller typed nothing. */
  no_caller_input: 'The caller gave no input',
  /** Not base64, truncated, too long, or not an AWS Encryption SDK message. */
  malformed_ciphertext: 'The ciphertext is malformed',
  /** What the caller typed came unencrypted. */
  not_encrypted: 'The input was not encrypted',
  /** A suite, message version, provider or plaintext that the policy refuses. */
  unsupported_message: 'The message is not supported',
  /** The given key id is not one of the message's own. */
  key_id_mismatch: 'The key id does not match the message',
  /** A key id that no key store may be asked for. */
  invalid_key_id: 'The key id is invalid',
  /** No key store holds the key. */
  unknown_key: 'The key is unknown',
  /** The stored text is no usable RSA private key. */
  invalid_private_key: 'The stored private key is unusable',
  /** Unwrapping, authentication or signature failed: one code, so that it is no oracle. */
  decryption_failed: 'Decryption failed',
  /** The key store is down, slow, or denies access. */
  key_store_unavailable: 'The key store is unavailable',
  /** A name that no consumer can have. */
  invalid_consumer_name: 'The consumer name is invalid',
  /** No consumer store holds the consumer. */
  unknown_consumer: 'The consumer is unknown',
  /** What is stored of a consumer cannot be used: its document, its public key, or its certificate's validity. */
  invalid_consumer: 'The stored consumer is unusable',
  /** The consumer store is down, slow, or denies access. */
  consumer_store_unavailable: 'The consumer store is unavailable',
  /** What was done could not be recorded, so it is not answered. */
  audit_unavailable: 'The audit is unavailable',
  /** The caller's time ran out, or the caller left. */
  deadline_exceeded: 'The deadline passed',
  /** The caller, or the consumer, may not use this key, this route or this field. */
  forbidden: 'The caller may not do this',
  /** The code that uses the inputs threw; the log has the error's class. */
  use_failed: 'The use of the inputs failed',
  /** The code that uses the inputs did not end in time: it is unknown what it did. */
  use_timed_out: 'The use of the inputs did not end in time',
  /** An input did not pass its check, so the inputs were not used. */
  check_failed: 'An input did not pass its check',
  /** The answer would be larger than Connect takes. */
  answer_too_large: 'The answer is too large',
  /** A defect of this product: please report it. */
  internal_error: 'Something unexpected happened',
  /** A request, or an event, of another shape than is taken, or one that asks for too much. */
  invalid_request: 'The body has not the expected shape',
  /** The caller has made more calls than the service takes of one. */
  rate_limited: 'The caller asks too often',
  /** A text, or an object, that is not a flow of Amazon Connect. */
  invalid_flow: 'The flow cannot be read',
  /** A setting is missing or wrong. */
  not_configured: 'The service is not configured',
  /** The client got no answer, or one that is not the service's. */
  service_unreachable: 'The service cannot be reached',

  // Only over HTTP: what a request can get wrong, or the service that it reaches.

  /** The body is not JSON. */
  invalid_json: 'The body is not JSON',
  /** No token, or none that is known or valid: one code, so that it is no oracle. */
  unauthorized: 'A valid token is needed',
  /** No such route. */
  not_found: 'There is no such route',
  /** The route does not take this method; `allow` has those that it takes. */
  method_not_allowed: 'The route does not take this method',
  /** The body did not arrive in time. */
  request_timeout: 'The request did not arrive in time',
  /** The body is larger than the service takes. */
  body_too_large: 'The body is too large',
  /** The body is not declared as JSON. */
  unsupported_media_type: 'The body must be application/json',
  /** The issuer of the tokens does not give its keys. */
  issuer_unavailable: 'The token issuer is unavailable',
  /** The server is about to stop. */
  shutting_down: 'The server is shutting down',
} as const;

/** A stable error code; see {@link errorCodes} for when each is used. */
export type ErrorCode = keyof typeof errorCodes;

/** What an error's cause may say in a log: identifiers, never text that could quote an input. */
export interface RedactedCause {
  readonly name: string;
  /** As `ECONNREFUSED`. */
  readonly code?: string;
  readonly httpStatusCode?: number;
}

/**
 * The one error class of this product.
 *
 * `message` says what happened, with which key id or consumer, and what to do next. It never holds a plaintext,
 * a ciphertext or a key, so it may be shown to the caller.
 *
 * @example
 * try {
 *   await decryptor.decrypt(ciphertext);
 * } catch (error) {
 *   if (error instanceof FlowKeysError && error.code === 'no_caller_input') return promptAgain();
 *   throw error;
 * }
 */
export class FlowKeysError extends Error {
  override readonly name = 'FlowKeysError';
  readonly code: ErrorCode;
  readonly keyId: string | undefined;
  override readonly cause: RedactedCause | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    { keyId, cause }: { readonly keyId?: string; readonly cause?: unknown } = {},
  ) {
    super(message);
    this.code = code;
    this.keyId = keyId;
    this.cause = cause === undefined ? undefined : redact(cause);
  }
}

/** The error itself if it is one of this product's, or else `internal_error`. */
export function toFlowKeysError(error: unknown): FlowKeysError {
  if (error instanceof FlowKeysError) return error;
  return new FlowKeysError('internal_error', 'Something unexpected happened; the log names the kind of error.', {
    cause: error,
  });
}

// Messages of foreign errors may quote their input (JSON.parse does), so only identifiers are kept.
function redact(cause: unknown): RedactedCause {
  if (typeof cause !== 'object' || cause === null) return { name: typeof cause };
  const name = 'name' in cause && isIdentifier(cause.name) ? cause.name : 'Error';
  const identified = { name, ...('code' in cause && isIdentifier(cause.code) && { code: cause.code }) };
  const metadata = '$metadata' in cause ? cause.$metadata : undefined;
  if (typeof metadata !== 'object' || metadata === null) return identified;
  if (!('httpStatusCode' in metadata) || typeof metadata.httpStatusCode !== 'number') return identified;
  return { ...identified, httpStatusCode: metadata.httpStatusCode };
}

function isIdentifier(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z][\w.$]{0,63}$/.test(value);
}
