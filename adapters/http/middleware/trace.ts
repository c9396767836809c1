import type { Trace } from '../context.ts';

// https://www.w3.org/TR/trace-context/#traceparent-header-field-values
const traceparentPattern = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(?:-|$)/;

/** Goes on with the trace of a `traceparent` header, or begins one where there is none or it is invalid. */
export function traceOf(header: string | undefined): Trace {
  const [, traceId = randomHex(16), flags = '00'] = header?.match(traceparentPattern) ?? [];
  return { traceId, traceparent: `00-${traceId}-${randomHex(8)}-${flags}` };
}

function randomHex(bytes: number): string {
  const random = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
