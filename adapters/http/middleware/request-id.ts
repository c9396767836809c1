import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../context.ts';

// Needs a letter: digits alone may be a caller's input in the wrong place.
const clientRequestIdForm = /^(?=.*[A-Za-z])[\w.:=/+-]{1,128}$/;

/** Gives each request a new id. The id that a client sends is logged, too, but never used. */
export const requestId = createMiddleware<AppEnv>(async (context, next) => {
  const sent = context.req.header('x-request-id');
  const id = crypto.randomUUID();
  context.set('requestId', id);
  context.set('clientRequestId', sent !== undefined && clientRequestIdForm.test(sent) ? sent : undefined);
  context.header('x-request-id', id);
  await next();
});
