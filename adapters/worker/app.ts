import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { type RequestIdVariables, requestId } from 'hono/request-id';
import { secureHeaders } from 'hono/secure-headers';
import * as v from 'valibot';
import {
  type DecryptionRecord,
  type Decryptor,
  decodeUtf8,
  errorRecord,
  FlowKeysError,
  handleContactFlowEvent,
  inspect,
  successRecord,
  toFlowKeysError,
} from '../../src/index.ts';
import { type Authorization, authorize } from './authorization.ts';
import { problem, RequestError } from './problem.ts';

/** One line of the service's log. */
export interface RequestLogLine extends Partial<DecryptionRecord> {
  readonly level: 'INFO' | 'ERROR';
  readonly requestId: string;
  readonly contactId?: string | null;
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly milliseconds: number;
}

export interface AppSettings {
  readonly decryptor: Decryptor;
  readonly authorization: Authorization;
  /** How long a call may take, in milliseconds. Default: 10,000. */
  readonly timeout?: number;
  /** Default: a line of JSON on the console. */
  readonly log?: (line: RequestLogLine) => void;
}

export interface AppEnv {
  Bindings: Record<string, unknown>;
  Variables: RequestIdVariables & {
    settings: AppSettings;
    record: DecryptionRecord & { readonly contactId?: string | null };
  };
}

// What a Lambda function takes at most, so that /v1/connect takes every event that the Lambda does.
const maxBodyBytes = 6 * 1024 * 1024;

const ciphertextBody = v.object({ ciphertext: v.string(), keyId: v.optional(v.string()) });
const inspectBody = v.pick(ciphertextBody, ['ciphertext']);

/**
 * Makes the HTTP service: a Hono app that knows only Request and Response.
 *
 * @param settingsOf the settings of a request, from the runtime's bindings. A Worker must not share a
 *   decryptor between requests, so it makes one here each time, over one key cache.
 * @example
 * const decryptor = createDecryptor({ keyStore });
 * const app = createApp(() => ({ decryptor, authorization: { bearerTokenHashes, isDevelopment: false } }));
 */
export function createApp(settingsOf: (bindings: AppEnv['Bindings']) => AppSettings): Hono<AppEnv> {
  const app = new Hono<AppEnv>();

  app.use(requestId());
  app.use(async (context, next) => {
    const started = performance.now();
    context.set('settings', settingsOf(context.env));
    await next();
    writeLog(context, performance.now() - started);
  });
  app.use(secureHeaders());
  app.use(async (context, next) => {
    await next();
    context.header('cache-control', 'no-store');
  });
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (context, methods) => {
        const error = new RequestError('method_not_allowed', `This route takes ${methods.join(', ')}.`);
        context.header('allow', methods.join(', '));
        return problem(context, error);
      },
    }),
  );

  app.get('/healthz', (context) => context.json({ status: 'ok' }));

  app.use('/v1/*', authorize);
  app.use('/v1/*', bodyLimit({ maxSize: maxBodyBytes, onError: () => refuseBody() }));

  app.post('/v1/decrypt', async (context) => {
    const { ciphertext, keyId } = await readBody(context, ciphertextBody);
    const signal = signalOf(context);
    const decrypted = await context.var.settings.decryptor.decrypt(ciphertext, {
      ...(keyId !== undefined && { keyId }),
      signal,
    });
    context.set('record', successRecord(decrypted));
    const { plaintext, keyId: usedKeyId, suite, encryptionContext } = decrypted;
    return context.json({ ...plaintextMembers(plaintext), keyId: usedKeyId, suite, encryptionContext });
  });

  app.post('/v1/connect', async (context) => {
    const event = await readJson(context);
    const { decryptor } = context.var.settings;
    const handled = await handleContactFlowEvent(event, {
      decryptor,
      requestId: context.var.requestId,
      signal: signalOf(context),
    });
    context.set('record', handled.record);
    return context.json(handled.answer);
  });

  app.post('/v1/inspect', async (context) => {
    const { ciphertext } = await readBody(context, inspectBody);
    return context.json(await inspect(ciphertext));
  });

  app.notFound((context) => problem(context, new RequestError('not_found', 'See the README for the routes.')));

  app.onError((caught, context) => {
    if (caught instanceof HTTPException) return caught.getResponse();
    const error = caught instanceof RequestError ? caught : toFlowKeysError(caught);
    if (error instanceof FlowKeysError) context.set('record', errorRecord(error));
    return problem(context, error);
  });

  return app;
}

function refuseBody(): never {
  throw new RequestError('body_too_large', `The body may hold ${maxBodyBytes} bytes.`);
}

/** The client's own signal and the service's time limit, whichever comes first. */
function signalOf(context: Context<AppEnv>): AbortSignal {
  const { timeout = 10_000 } = context.var.settings;
  return AbortSignal.any([context.req.raw.signal, AbortSignal.timeout(timeout)]);
}

async function readJson(context: Context<AppEnv>): Promise<unknown> {
  const contentType = context.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (contentType !== 'application/json') {
    throw new RequestError('unsupported_media_type', 'Send JSON with "content-type: application/json".');
  }
  const text = await context.req.text();
  try {
    return JSON.parse(text);
  } catch {
    throw new RequestError('invalid_json', 'The body could not be parsed as JSON.');
  }
}

async function readBody<Schema extends v.GenericSchema>(
  context: Context<AppEnv>,
  schema: Schema,
): Promise<v.InferOutput<Schema>> {
  const parsed = v.safeParse(schema, await readJson(context));
  if (parsed.success) return parsed.output;
  const members = parsed.issues.map((issue) => v.getDotPath(issue)).filter((path) => path !== null);
  throw new RequestError(
    'invalid_request',
    members.length === 0
      ? 'The body must be a JSON object.'
      : `Absent from the body, or of the wrong type: ${members.join(', ')}.`,
  );
}

/** Connect's plaintexts are text; others are answered as base64, and say so. */
function plaintextMembers(plaintext: Uint8Array): { plaintext: string; encoding: 'utf-8' | 'base64' } {
  const text = decodeUtf8(plaintext);
  if (text !== undefined) return { plaintext: text, encoding: 'utf-8' };
  const binary = Array.from(plaintext, (byte) => String.fromCharCode(byte)).join('');
  return { plaintext: btoa(binary), encoding: 'base64' };
}

function writeLog(context: Context<AppEnv>, milliseconds: number): void {
  const { log = logJson } = context.var.settings;
  const { status } = context.res;
  const record = context.get('record');
  log({
    level: status < 400 && (record === undefined || record.code === 'ok') ? 'INFO' : 'ERROR',
    requestId: context.var.requestId,
    method: context.req.method,
    route: context.req.routePath,
    status,
    ...record,
    milliseconds: Math.round(milliseconds),
  });
}

function logJson(line: RequestLogLine): void {
  console.log(JSON.stringify(line));
}
