import { createMiddleware } from 'hono/factory';
import { hex } from '../../../src/internal.ts';
import type { AppEnv, Trace } from '../context.ts';

// https://www.w3.org/TR/trace-context/#traceparent-header-field-values
const traceparentPattern = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(?:-|$)/;

/** Continues the trace of a `traceparent` header, or starts one if the header is missing or invalid. */
export const trace = createMiddleware<AppEnv>(async (context, next) => {
  const current = traceOf(context.req.header('traceparent'));
  context.set('trace', current);
  context.header('traceparent', current.traceparent);
  await next();
});

/** The trace of a `traceparent` header, or a new one. */
export function traceOf(header: string | undefined): Trace {
  const [, traceId = hex(crypto.getRandomValues(new Uint8Array(16))), flags = '00'] =
    header?.match(traceparentPattern) ?? [];
  return { traceId, traceparent: `00-${traceId}-${hex(crypto.getRandomValues(new Uint8Array(8)))}-${flags}` };
}
