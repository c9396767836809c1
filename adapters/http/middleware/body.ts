import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { createMiddleware } from 'hono/factory';
import * as v from 'valibot';
import { FlowKeysError } from '../../../src/index.ts';
import type { AppEnv } from '../context.ts';

// The limit of a Lambda function, so that /v1/connect takes every event that the Lambda function takes.
const maxBodyBytes = 6 * 1024 * 1024;

const limitBody = bodyLimit({
  maxSize: maxBodyBytes,
  onError() {
    throw new FlowKeysError('body_too_large', `The body may hold ${maxBodyBytes} bytes. Send less.`);
  },
});

/** Limits the size of the body, and the time that a client may take to send it. */
export const receive = createMiddleware<AppEnv>(async (context, next) => {
  const { signal } = context.var;
  const { promise: late, reject } = Promise.withResolvers<never>();
  // Once the body has arrived, the route itself responds in time.
  const refuse = () => {
    if (context.var.isBodyRead) return;
    reject(new FlowKeysError('request_timeout', 'The body did not arrive in time. Try again.'));
  };
  signal.addEventListener('abort', refuse, { once: true });
  try {
    return await Promise.race([limitBody(context, next), late]);
  } finally {
    signal.removeEventListener('abort', refuse);
  }
});

/**
 * Reads the body as JSON.
 *
 * @throws FlowKeysError `unsupported_media_type`, `request_timeout`, `invalid_json`
 */
export async function readJson(context: Context<AppEnv>): Promise<unknown> {
  const contentType = context.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (contentType !== 'application/json') {
    throw new FlowKeysError('unsupported_media_type', 'Send JSON with "content-type: application/json".');
  }
  const text = await receivedText(context);
  context.set('isBodyRead', true);
  try {
    return JSON.parse(text);
  } catch {
    throw new FlowKeysError('invalid_json', 'The body could not be parsed as JSON.');
  }
}

async function receivedText(context: Context<AppEnv>): Promise<string> {
  try {
    return await context.req.text();
  } catch (cause) {
    if (cause instanceof FlowKeysError) throw cause;
    throw new FlowKeysError('request_timeout', 'The connection closed before the whole body arrived. Try again.', {
      cause,
    });
  }
}

/**
 * Reads the body and checks it against the schema.
 *
 * @throws FlowKeysError as {@link readJson}, and `invalid_request`
 */
export async function readBody<Schema extends v.GenericSchema>(
  context: Context<AppEnv>,
  schema: Schema,
): Promise<v.InferOutput<Schema>> {
  const parsed = v.safeParse(schema, await readJson(context));
  if (parsed.success) return parsed.output;
  // The places of the mistakes, not the values: they may be inputs.
  const places = parsed.issues.map((issue) => v.getDotPath(issue)).filter((path) => path !== null);
  throw new FlowKeysError(
    'invalid_request',
    places.length === 0
      ? 'The body must be a JSON object.'
      : `Missing from the body, of the wrong type, or too many: ${places.slice(0, 10).join(', ')}.`,
  );
}
