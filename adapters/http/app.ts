import { type Context, Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { NONCE, secureHeaders } from 'hono/secure-headers';
import {
  createConsumerCache,
  createDecryptor,
  createKeyCache,
  createRelay,
  FlowKeysError,
  handleContactFlowEvent,
  inspect,
  successRecord,
  toFlowKeysError,
} from '../../src/index.ts';
import { lookupBudgets, withDeadline } from '../../src/internal.ts';
import type { AppEnv, RequestSettings } from './context.ts';
import type { OperationName } from './contract.ts';
import { docsPage } from './description/docs-page.ts';
import { flowPage } from './description/flow/page.ts';
import { inspectorPage } from './description/inspector/page.ts';
import { openApiDocument } from './description/openapi.ts';
import { openOperations, operations } from './description/operations.ts';
import { batchBody, decryptBody, inspectBody, reencryptBody } from './description/schemas.ts';
import { assertNotTooOften, authorize } from './middleware/authorization.ts';
import { readBody, readJson, receive } from './middleware/body.ts';
import { logJson, writeLog } from './middleware/log.ts';
import { requestId } from './middleware/request-id.ts';
import { traceOf } from './middleware/trace.ts';
import type { FlowSecurityKeysOptions } from './options.ts';
import { problem } from './problem.ts';
import { decryptBatch } from './routes/batch.ts';
import { decryptAnswerOf } from './routes/decrypt.ts';
import { readiness } from './routes/readiness.ts';
import { type RelayLimits, reencrypt } from './routes/reencrypt.ts';
import { isWorker } from './runtime.ts';
import { checkedTimeout } from './settings.ts';

/**
 * The HTTP service as a Hono app that knows only Request and Response: to be served as it is, or mounted in
 * an app of your own with `app.route('/keys', flowSecurityKeys({ … }))`.
 *
 * @param given the options, or how to make them of the runtime's bindings
 * @throws FlowKeysError nothing: errors are answers of problem+json (RFC 9457)
 * @example
 * const app = new Hono();
 * app.route('/keys', flowSecurityKeys({ keyStore, authorization: { bearerTokens: [{ sha256 }] } }));
 */
export function flowSecurityKeys(
  given: FlowSecurityKeysOptions | ((bindings: AppEnv['Bindings']) => FlowSecurityKeysOptions),
): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  const settingsOf = requestSettings(given);
  const assertReady = readiness();

  app.use(requestId);
  app.use(async (context, next) => {
    const started = performance.now();
    const trace = traceOf(context.req.header('traceparent'));
    context.set('trace', trace);
    context.header('traceparent', trace.traceparent);
    await next();
    writeLog(context, context.var.settings?.log ?? logJson, performance.now() - started);
  });
  // TLS, and what is said of it, is for who terminates it.
  app.use(
    secureHeaders({
      strictTransportSecurity: false,
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        styleSrc: [NONCE],
        scriptSrc: [NONCE],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    }),
  );
  app.use(async (context, next) => {
    await next();
    context.header('cache-control', 'no-store');
  });
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed(context, methods) {
        context.header('allow', methods.join(', '));
        return problem(context, new FlowKeysError('method_not_allowed', `This route takes ${methods.join(', ')}.`));
      },
    }),
  );

  // Not `app.notFound`, which an app that mounts this one would not take over.
  app.use(async (context, next) => {
    await next();
    if (context.res.status !== 404 || context.get('record') !== undefined) return;
    context.res = problem(context, new FlowKeysError('not_found', 'See /docs for the routes.'));
  });

  // After the middleware above, so that also settings that are wrong are answered, and logged, like other errors.
  app.use(async (context, next) => {
    const settings = settingsOf(context.env);
    context.set('settings', settings);
    settings.assertServing?.();
    await withDeadline(checkedTimeout(settings.timeout), context.req.raw.signal, async (signal) => {
      context.set('signal', signal);
      await next();
    });
  });

  serve('decrypt', async (context) => {
    const { ciphertext, keyId } = await readBody(context, decryptBody);
    const decrypted = await context.var.settings.decryptor.decrypt(ciphertext, {
      ...(keyId !== undefined && { keyId }),
      ...limits(context),
    });
    context.set('record', successRecord(decrypted));
    return context.json(decryptAnswerOf(decrypted));
  });

  serve('decryptBatch', async (context) => {
    const { items } = await readBody(context, batchBody);
    await assertNotTooOften(context, 'decryptBatch', items.length);
    const { answer, record } = await decryptBatch(
      items,
      context.var.settings.decryptor,
      context.var.requestId,
      limits(context),
    );
    context.set('record', record);
    return context.json(answer);
  });

  serve('reencrypt', async (context) => {
    const { relay } = context.var.settings;
    if (relay === undefined) throw new FlowKeysError('not_found', 'This service has no store of consumers.');
    const body = await readBody(context, reencryptBody);
    const { answer, record } = await reencrypt(body, relay, context.var.requestId, relayLimits(context));
    context.set('record', record);
    return context.json(answer);
  });

  serve('connect', async (context) => {
    const { answer, record } = await handleContactFlowEvent(await readJson(context), {
      decryptor: context.var.settings.decryptor,
      requestId: context.var.requestId,
      ...(context.var.settings.connect && { settings: context.var.settings.connect }),
      ...(context.var.settings.relay && { relay: context.var.settings.relay }),
      ...relayLimits(context),
    });
    context.set('record', record);
    return context.json(answer);
  });

  serve('inspect', async (context) => {
    const { ciphertext } = await readBody(context, inspectBody);
    return context.json(await inspect(ciphertext));
  });

  app.get(openOperations.healthz.path, (context) => context.json({ status: 'ok' }));
  app.get(openOperations.readyz.path, async (context) => {
    await assertReady(context.var.settings.keyStore);
    return context.json({ status: 'ok' });
  });
  app.get('/', (context) => context.html(inspectorPage(context.var.secureHeadersNonce ?? '')));
  app.get('/flow', (context) => context.html(flowPage(context.var.secureHeadersNonce ?? '')));
  app.get('/openapi.json', (context) => context.json(openApiDocument()));
  app.get('/docs', (context) => context.html(docsPage(openApiDocument(), context.var.secureHeadersNonce ?? '')));

  app.onError((caught, context) => {
    if (caught instanceof HTTPException) return caught.getResponse();
    return problem(context, toFlowKeysError(caught));
  });

  function serve(name: Exclude<OperationName, 'metrics'>, handler: (context: Context<AppEnv>) => Promise<Response>) {
    app.post(operations[name].path, authorize(name), receive, handler);
  }

  return app;
}

/** The caller's limits, as the decryptor takes them. */
function limits({ var: { caller, signal, settings } }: Context<AppEnv>) {
  return {
    signal,
    lookupBudget: settings.lookupBudgetOf(caller.name),
    ...(caller.keyIds && { allowedKeyIds: caller.keyIds }),
  };
}

/** The caller's limits, as the relay takes them: who is not allowed consumers may encrypt for none. */
function relayLimits(context: Context<AppEnv>): RelayLimits {
  const { caller, requestId, settings } = context.var;
  const { audit = logJson } = settings;
  const { name, consumers = [], fields } = caller;
  return {
    ...limits(context),
    allowedConsumers: consumers,
    ...(fields && { allowedFields: fields }),
    audit: (record) =>
      audit({
        level: record.code === 'ok' ? 'INFO' : 'ERROR',
        audit: 'reencryption',
        requestId,
        caller: name,
        ...record,
      }),
  };
}

/** Makes the settings of requests: once, or once for the bindings of a Worker, which are the same object for each. */
function requestSettings(given: Parameters<typeof flowSecurityKeys>[0]) {
  const caches = { keyCache: createKeyCache(), consumerCache: createConsumerCache() };
  const lookupBudgetOf = lookupBudgets({ isShared: !isWorker });
  const made = new WeakMap<object, RequestSettings>();

  function makeSettings(options: FlowSecurityKeysOptions): RequestSettings {
    const decryptor = createDecryptor({ ...caches, ...options });
    const { consumerStore } = options;
    const relay = consumerStore && createRelay({ ...caches, ...options, decryptor, consumerStore });
    return { ...options, decryptor, relay, lookupBudgetOf };
  }

  return (bindings: AppEnv['Bindings'] | undefined): RequestSettings => {
    const key = typeof given === 'function' && bindings ? bindings : given;
    const known = made.get(key);
    if (known !== undefined) return known;
    const settings = makeSettings(typeof given === 'function' ? given(bindings ?? {}) : given);
    made.set(key, settings);
    return settings;
  };
}
