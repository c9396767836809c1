import { type Handler, Hono } from 'hono';
import { accepts } from 'hono/accepts';
import { HTTPException } from 'hono/http-exception';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { FlowKeysError, toFlowKeysError } from '../../src/index.ts';
import type { AppEnv } from './context.ts';
import type { OperationName } from './contract.ts';
import { docsPage } from './description/docs/page.ts';
import { flowPage } from './description/flow/page.ts';
import { inspectorPage } from './description/inspector/page.ts';
import { openApiDocument } from './description/openapi.ts';
import { openOperations, operations } from './description/operations.ts';
import { notFoundPage } from './description/site.ts';
import { authorize } from './middleware/authorization.ts';
import { receive } from './middleware/body.ts';
import { deadline } from './middleware/deadline.ts';
import { noStore, securityHeaders } from './middleware/headers.ts';
import { log } from './middleware/log.ts';
import { requestId } from './middleware/request-id.ts';
import { trace } from './middleware/trace.ts';
import { problem } from './problem.ts';
import { type GivenOptions, requestSettings } from './request-settings.ts';
import { decryptBatch } from './routes/batch.ts';
import { connect } from './routes/connect.ts';
import { decrypt } from './routes/decrypt.ts';
import { inspect } from './routes/inspect.ts';
import { readiness } from './routes/readiness.ts';
import { reencrypt } from './routes/reencrypt.ts';

/**
 * Creates the HTTP service as a Hono app, which uses only Request and Response. Serve it, or mount it in your own app
 * with `app.route('/keys', flowSecurityKeys({ … }))`. Errors, including configuration errors, are problem+json (RFC 9457).
 *
 * @param given the options, or a function that makes them from the runtime's bindings
 * @example
 * const app = new Hono();
 * app.route('/keys', flowSecurityKeys({ keyStore, authorization: { bearerTokens: [{ sha256 }] } }));
 */
export function flowSecurityKeys(given: GivenOptions): Hono<AppEnv> {
  const app = new Hono<AppEnv>();

  app.use(requestId, trace, log, securityHeaders, noStore);
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed(context, methods) {
        context.header('allow', methods.join(', '));
        return problem(context, new FlowKeysError('method_not_allowed', `This route takes ${methods.join(', ')}.`));
      },
    }),
  );
  // Not `app.notFound`, which an app that mounts this one ignores.
  app.use(async (context, next) => {
    await next();
    if (context.res.status !== 404 || context.get('record') !== undefined) return;
    context.res = problem(
      context,
      new FlowKeysError('not_found', 'This route does not exist. See /docs for the routes.'),
    );
    const [json, page] = ['application/json', 'text/html'];
    const type = accepts(context, { header: 'Accept', supports: [json, page], default: json });
    if (type === page) context.res = await context.html(notFoundPage(context), 404);
  });
  // After the middleware above, so that invalid settings get a response and a log line like any other error.
  app.use(deadline(requestSettings(given)));

  serve('decrypt', decrypt);
  serve('decryptBatch', decryptBatch);
  serve('reencrypt', reencrypt);
  serve('connect', connect);
  serve('inspect', inspect);
  app.get(openOperations.healthz.path, (context) => context.json({ status: 'ok' }));
  app.get(openOperations.readyz.path, readiness());
  app.get('/', (context) => context.html(inspectorPage(context)));
  app.get('/flow', (context) => context.html(flowPage(context)));
  app.get('/openapi.json', (context) => context.json(openApiDocument()));
  app.get('/docs', (context) => context.html(docsPage(context)));

  app.onError((caught, context) => {
    if (caught instanceof HTTPException) return caught.getResponse();
    return problem(context, toFlowKeysError(caught));
  });
  function serve(name: Exclude<OperationName, 'metrics'>, handler: Handler<AppEnv>) {
    app.post(operations[name].path, authorize(name), receive, handler);
  }

  return app;
}
