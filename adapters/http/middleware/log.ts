import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import { logLine } from '../../../src/internal.ts';
import type { AppEnv } from '../context.ts';
import type { ReencryptionLogLine, RequestLogLine } from '../options.ts';

/** Logs each request after its response. */
export const log = createMiddleware<AppEnv>(async (context, next) => {
  const started = performance.now();
  await next();
  writeLog(context, performance.now() - started);
});

function writeLog(context: Context<AppEnv>, milliseconds: number): void {
  const { status } = context.res;
  const { requestId, clientRequestId, trace, caller } = context.var;
  const record = context.get('record');
  const line: RequestLogLine = {
    level: status < 400 && (record === undefined || record.code === 'ok') ? 'INFO' : 'ERROR',
    requestId,
    ...(clientRequestId !== undefined && { clientRequestId }),
    traceId: trace.traceId,
    ...(caller && { caller: caller.name }),
    method: context.req.method,
    route: context.req.routePath,
    status,
    ...record,
    milliseconds: Math.round(milliseconds),
  };
  try {
    (context.var.settings?.log ?? logJson)(line);
  } catch {
    // A failing log must not cost a client its response.
  }
}

export function logJson(line: RequestLogLine | ReencryptionLogLine): void {
  console.log(logLine(line));
}
