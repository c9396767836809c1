import type { Context } from 'hono';
import { type ErrorCode, errorCodes, errorRecord, type FlowKeysError } from '../../src/index.ts';
import type { AppEnv } from './context.ts';
import type { Problem } from './contract.ts';

/** The HTTP status of each error code. */
export const statusOf = {
  missing_parameter: 400,
  invalid_key_id: 400,
  invalid_consumer_name: 400,
  invalid_json: 400,
  invalid_request: 400,
  unauthorized: 401,
  forbidden: 403,
  unknown_key: 404,
  unknown_consumer: 404,
  not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  body_too_large: 413,
  unsupported_media_type: 415,
  no_caller_input: 422,
  malformed_ciphertext: 422,
  not_encrypted: 422,
  unsupported_message: 422,
  key_id_mismatch: 422,
  decryption_failed: 422,
  answer_too_large: 422,
  check_failed: 422,
  rate_limited: 429,
  invalid_flow: 422,
  invalid_private_key: 500,
  invalid_consumer: 500,
  internal_error: 500,
  use_failed: 500,
  not_configured: 500,
  service_unreachable: 502,
  key_store_unavailable: 503,
  consumer_store_unavailable: 503,
  audit_unavailable: 503,
  issuer_unavailable: 503,
  shutting_down: 503,
  deadline_exceeded: 504,
  use_timed_out: 504,
} as const satisfies Record<ErrorCode, number>;

export function problemDetails({ code, message }: FlowKeysError, requestId: string): Problem {
  const type = `urn:flow-security-keys:${code}`;
  return { type, title: errorCodes[code], status: statusOf[code], detail: message, code, requestId };
}

/** Responds with problem+json, and logs the error with the request. */
export function problem(context: Context<AppEnv>, error: FlowKeysError): Response {
  context.set('record', errorRecord(error));
  const details = problemDetails(error, context.var.requestId);
  const status = statusOf[error.code];
  // Seconds until a retry may succeed.
  if (status === 503) context.header('retry-after', '1');
  // The period of the rate limits in wrangler.toml.
  if (status === 429) context.header('retry-after', '10');
  // Not `new Response`: only responses of the context get the headers that were set before.
  return context.body(JSON.stringify(details), status, { 'content-type': 'application/problem+json' });
}
