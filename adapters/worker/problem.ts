import type { Context } from 'hono';
import { type ErrorCode, errorCodes, FlowKeysError } from '../../src/index.ts';
import type { AppEnv } from './app.ts';

/** What only HTTP can get wrong, beside the codes of the core. */
const requestErrors = {
  invalid_json: { status: 400, title: 'The body is not JSON' },
  invalid_request: { status: 400, title: 'The body has not the expected shape' },
  unauthorized: { status: 401, title: 'A valid bearer token is needed' },
  not_found: { status: 404, title: 'There is no such route' },
  method_not_allowed: { status: 405, title: 'The route does not take this method' },
  body_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body must be application/json' },
  not_configured: { status: 500, title: 'The service is not configured' },
} as const;

export type RequestErrorCode = keyof typeof requestErrors;

const statusOf = {
  missing_parameter: 400,
  no_caller_input: 422,
  malformed_ciphertext: 422,
  unsupported_message: 422,
  key_id_mismatch: 422,
  invalid_key_id: 400,
  unknown_key: 404,
  invalid_private_key: 500,
  decryption_failed: 422,
  key_store_unavailable: 503,
  deadline_exceeded: 504,
  internal_error: 500,
} as const satisfies Record<ErrorCode, number>;

/** An error that only HTTP knows; its message may be shown to the client. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly code: RequestErrorCode;

  constructor(code: RequestErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** The error as problem+json (RFC 9457), with its stable `code` beside the members of the RFC. */
export function problem(context: Context<AppEnv>, error: FlowKeysError | RequestError): Response {
  const { status, title } =
    error instanceof FlowKeysError
      ? { status: statusOf[error.code], title: errorCodes[error.code] }
      : requestErrors[error.code];
  const { requestId } = context.var;
  const body = { type: 'about:blank', title, status, detail: error.message, code: error.code, requestId };
  // Not a Response of its own: only what the context makes gets the headers that were set before.
  return context.body(JSON.stringify(body), status, { 'content-type': 'application/problem+json' });
}
