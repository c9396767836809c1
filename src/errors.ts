/**
 * Every error code, with its default title. Codes are stable: flows, dashboards and clients may branch on them.
 */
export const errorCodes = {
  /** A required input is missing or empty. */
  missing_parameter: 'A required input is missing',
  /** The caller typed nothing, so Connect stored `Timeout` instead of a ciphertext. */
  no_caller_input: 'The caller entered nothing',
  /** Not base64, truncated, too long, or not an AWS Encryption SDK message. */
  malformed_ciphertext: 'The ciphertext is malformed',
  /** The input arrived unencrypted, as the caller typed it. */
  not_encrypted: 'The input was not encrypted',
  /** The policy does not accept the message's suite, version, provider or content. */
  unsupported_message: 'The message is not supported',
  /** The message does not name the key id that was passed. */
  key_id_mismatch: 'The key id does not match the message',
  /** The key id contains characters that key ids cannot contain, or is too long. */
  invalid_key_id: 'The key id is invalid',
  /** The key stores have no key with this id. */
  unknown_key: 'The key is unknown',
  /** The stored text is not a usable RSA private key. */
  invalid_private_key: 'The stored private key is unusable',
  /** Unwrapping, authentication or the signature failed. One code for all, so that it is not an oracle. */
  decryption_failed: 'Decryption failed',
  /** The key store is down, too slow, or denies access. */
  key_store_unavailable: 'The key store is unavailable',
  /** The consumer name contains characters that it cannot contain, is too long, or is reserved. */
  invalid_consumer_name: 'The consumer name is invalid',
  /** No consumer is registered under this name. */
  unknown_consumer: 'The consumer is unknown',
  /** The consumer's stored document or public key is invalid, or its certificate is not valid now. */
  invalid_consumer: 'The stored consumer is unusable',
  /** The consumer store is down, too slow, or denies access. */
  consumer_store_unavailable: 'The consumer store is unavailable',
  /** The audit record could not be written, so the result is not returned. */
  audit_unavailable: 'The audit log is unavailable',
  /** The call reached its deadline, or the caller disconnected. */
  deadline_exceeded: 'The deadline passed',
  /** The caller or the consumer is not allowed to use this key, route or field. */
  forbidden: 'Not allowed',
  /** The code that uses the inputs threw an error. The log names the error's class. */
  use_failed: 'The code that uses the inputs failed',
  /** The code that uses the inputs did not finish in time. It may or may not have taken effect. */
  use_timed_out: 'The code that uses the inputs timed out',
  /** An input failed its check, so the inputs were not used. */
  check_failed: 'An input failed its check',
  /** The response would be larger than Connect accepts. */
  answer_too_large: 'The response is too large',
  /** A bug in this product. Please report it. */
  internal_error: 'Something unexpected happened',
  /** The request or event does not match its schema, or asks for too much at once. */
  invalid_request: 'The request is invalid',
  /** The caller exceeded a rate limit. */
  rate_limited: 'Too many requests',
  /** The text or object is not an Amazon Connect flow. */
  invalid_flow: 'The flow cannot be read',
  /** A setting is missing or invalid. */
  not_configured: 'The service is not configured',
  /** The client received no response, or one that is not from the service. */
  service_unreachable: 'The service cannot be reached',

  // Only over HTTP.

  /** The body is not JSON. */
  invalid_json: 'The body is not JSON',
  /** The token is missing, unknown, or not valid. One code for all, so that it is not an oracle. */
  unauthorized: 'A valid token is needed',
  /** The route does not exist. */
  not_found: 'No such route',
  /** The route does not accept this method. The `allow` header lists the methods that it accepts. */
  method_not_allowed: 'The route does not accept this method',
  /** The body did not arrive in time. */
  request_timeout: 'The request did not arrive in time',
  /** The body is larger than the service accepts. */
  body_too_large: 'The body is too large',
  /** The `content-type` is not `application/json`. */
  unsupported_media_type: 'The body must be application/json',
  /** The token issuer's keys could not be fetched. */
  issuer_unavailable: 'The token issuer is unavailable',
  /** The server is shutting down. */
  shutting_down: 'The server is shutting down',
} as const;

/** A stable error code; see {@link errorCodes} for when each is used. */
export type ErrorCode = keyof typeof errorCodes;

/** An error's cause, reduced to what may be logged: identifiers, never text that could quote an input. */
export interface RedactedCause {
  readonly name: string;
  /** Such as `ECONNREFUSED`. */
  readonly code?: string;
  readonly httpStatusCode?: number;
}

/**
 * The one error class of this product.
 *
 * `message` says what happened, with which key id or consumer, and what to do next. It never contains a plaintext,
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

/** The error itself if it is a FlowKeysError, otherwise an `internal_error` whose cause names the error. */
export function toFlowKeysError(error: unknown): FlowKeysError {
  if (error instanceof FlowKeysError) return error;
  return new FlowKeysError(
    'internal_error',
    'Something unexpected happened. Please report it, with the name of the error in the log.',
    {
      cause: error,
    },
  );
}

// Other errors' messages may quote their input (JSON.parse does), so only identifiers are kept.
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
